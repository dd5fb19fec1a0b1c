#include "switchgear/config/route_section.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "switchgear/config/address.hpp"
#include "switchgear/config/header_name.hpp"
#include "switchgear/config/letters.hpp"

namespace switchgear::config {

namespace {

constexpr std::size_t most_methods = 32;
constexpr std::size_t longest_method = 32;
constexpr std::size_t most_headers = 16;
constexpr std::size_t longest_header_value = 1024;
constexpr std::size_t most_protocols = 8;
constexpr std::size_t longest_protocol = 32;
constexpr std::size_t most_of_one_path = 100;  // each new one is compared with all before it

/// What is wrong with a method, after what was found; empty: nothing.
std::string problem_of_method(const std::string& method) {
  if (method == "CONNECT" || method == "TRACE") return " is answered by the gateway itself, with 405";
  if (method.size() > longest_method) return " is longer than 32 bytes";
  if (consists_of(method, {capitals, "-_"})) return {};
  const std::string better = mapped(method, smalls, capitals);
  if (consists_of(better, {capitals, "-_"})) return " is not a method; write " + quoted(better);
  return " is not a method; expected one such as \"GET\"";
}

void read_methods(const Value& value, Route& route) {
  const std::vector<Value> listed = items(value, "[GET, POST]");
  if (value.node->kind != Node::Kind::sequence) return;
  if (listed.empty()) return value.wrong("is empty: no request has none of the methods; leave the key out");
  if (listed.size() > most_methods) {
    return value.wrong(std::to_string(listed.size()) + " methods found; expected at most " +
                       std::to_string(most_methods));
  }
  for (const Value& each : listed) {
    auto method = Text{}(each);
    if (!method) continue;
    if (const std::string problem = problem_of_method(*method); !problem.empty()) {
      each.wrong(quoted(*method) + problem);
    } else if (std::ranges::find(route.methods, *method) != route.methods.end()) {
      each.wrong(quoted(*method) + " is listed twice");
    } else {
      route.methods.push_back(*std::move(method));
    }
  }
}

std::string problem_of_value(const std::string& text) {
  if (text.size() > longest_header_value) return " is longer than 1024 bytes";
  if (text.starts_with(' ') || text.ends_with(' '))
    return " begins or ends with a space, which no value does";
  const bool visible = std::ranges::none_of(
      text, [](char letter) { return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F; });
  return visible ? "" : " holds a control character, which no value does";
}

void read_header(std::string_view written, const Value& value, Route& route) {
  auto parsed = parse_header_name(written, HeaderUse::condition);
  if (!parsed.value) return value.report->error(value.key, value.path, parsed.problem);
  std::string& name = *parsed.value;
  const auto same = [&name](const auto& header) { return header.first == name; };
  if (std::ranges::any_of(route.headers, same)) {
    value.report->error(value.key, value.path, quoted(written) + " is there twice: case makes no difference");
    return;
  }
  auto text = Text{}(value);
  if (!text) return;
  if (const std::string problem = problem_of_value(*text); !problem.empty())
    return value.wrong(quoted(*text) + problem);
  route.headers.emplace_back(std::move(name), *std::move(text));
}

void read_headers(const Value& value, Route& route) {
  Section section(value);
  if (!section.is_mapping()) return;
  const auto entries = section.entries();
  if (entries.empty())
    return section.wrong("is empty; leave the key out, or write \"headers: {x-beta: yes}\"");
  if (entries.size() > most_headers) {
    return section.wrong(std::to_string(entries.size()) + " headers found; expected at most " +
                         std::to_string(most_headers));
  }
  for (const auto& [name, entry] : entries) read_header(name, entry, route);
}

/// What is wrong with a protocol, after what was found; empty: nothing.
std::string problem_of_protocol(std::string_view name) {
  const std::string_view plain = name.substr(0, name.find('/'));
  if (plain == "h2c" || plain == "h2" || plain == "http")
    return " is not passed on: the gateway would not see the requests of the upgraded connection";
  if (plain == "tls") return " is not passed on; use an https url, or \"tls\" of the gateway";
  if (name.size() > longest_protocol) return " is longer than 32 bytes";
  const std::string_view version = name.substr(std::min(plain.size() + 1, name.size()));
  const auto is_token = [](std::string_view text) {
    return !text.empty() && consists_of(text, {smalls, digits, "!#$%&'*+-.^_`|~"});
  };
  if (is_token(plain) && (plain == name || is_token(version))) return {};
  return " is not a protocol; expected one such as \"websocket\"";
}

void read_upgrade(const Value& value, Route& route) {
  const std::vector<Value> listed = items(value, "[websocket]");
  if (value.node->kind != Node::Kind::sequence) return;
  if (listed.empty()) return value.wrong("is empty; leave the key out, or write \"[websocket]\"");
  if (listed.size() > most_protocols) {
    return value.wrong(std::to_string(listed.size()) + " protocols found; expected at most " +
                       std::to_string(most_protocols));
  }
  for (const Value& each : listed) {
    const auto text = Text{}(each);
    if (!text) continue;
    std::string name = mapped(*text, capitals, smalls);
    if (const std::string problem = problem_of_protocol(name); !problem.empty()) {
      each.wrong(quoted(*text) + problem);
    } else if (std::ranges::find(route.upgrade, name) != route.upgrade.end()) {
      each.wrong(quoted(*text) + " is listed twice");
    } else {
      route.upgrade.push_back(std::move(name));
    }
  }
}

/// Reads text into `out` by one of the parsers of address.hpp.
template <class T, class Out>
void read_parsed(const Value& value, Parsed<T> (*parse)(std::string_view), Out& out) {
  const auto text = Text{}(value);
  if (!text) return;
  auto parsed = parse(*text);
  if (!parsed.value) return value.wrong(parsed.problem);
  out = *std::move(parsed.value);
}

/// Returns the value of the key that names the path.
std::optional<Value> read_path(Section& section, const Service& service, Route& route) {
  const auto prefix = section.find("prefix");
  const auto exact = section.find("path");
  if (!prefix && !exact) {
    section.missing("prefix", "{prefix: /" + service.name + "/}");
    return std::nullopt;
  }
  if (prefix && exact) {
    exact->wrong("stands beside \"prefix\"; a route has one of them");
    return std::nullopt;
  }
  route.match = exact ? Route::Match::exact : Route::Match::prefix;
  const Value& value = exact ? *exact : *prefix;
  read_parsed(value, parse_prefix, route.path);
  return value;
}

void read_changes(Section& section, Route& route) {
  const auto strip = section.find("strip_prefix");
  if (strip) section.read("strip_prefix", route.strip_prefix, Truth{});
  if (const auto rewrite = section.find("rewrite")) read_parsed(*rewrite, parse_rewrite, route.rewrite);
  if (!route.strip_prefix) return;
  if (route.match == Route::Match::exact) {
    strip->wrong("stands beside \"path\", which is not a prefix; use \"rewrite\"");
  } else if (route.rewrite && !route.rewrite->keeps_path) {
    strip->report->warning(strip->key, strip->path, "has no effect: rewrite does not have \"{path}\"");
  }
}

/// Precondition: equally many headers and of the same host and path.
bool can_both_take(const Route& left, const Route& right) {
  const bool methods =
      left.methods.empty() || std::ranges::find_first_of(left.methods, right.methods) != left.methods.end();
  return methods && std::ranges::all_of(left.headers, [&](const auto& header) {
           return std::ranges::all_of(right.headers, [&](const auto& other) {
             return header.first != other.first || header.second == other.second;
           });
         });
}

std::string text_of(Mark at) {
  return "(line " + std::to_string(at.line) + ", column " + std::to_string(at.column) + ")";
}

}  // namespace

void RouteReader::read(const Value& value, Service& service, PolicyNames& policies) {
  const std::size_t errors = value.report->errors();
  Route route;
  Section section(value);
  if (const auto host = section.find("host")) read_parsed(*host, parse_route_host, route.host);
  const auto path = read_path(section, service, route);
  if (const auto methods = section.find("methods")) read_methods(*methods, route);
  if (const auto headers = section.find("headers")) read_headers(*headers, route);
  read_changes(section, route);
  if (const auto upgrade = section.find("upgrade")) read_upgrade(*upgrade, route);
  section.read("policy", route.policy, Text{});
  if (!route.policy.empty()) policies.check(*section.find("policy"), route.policy);
  if (route.policy == service.policy) route.policy.clear();
  section.finish();
  if (value.report->errors() != errors || !path || !is_free(route, service, *path)) return;
  service.routes.push_back(std::move(route));
}

bool RouteReader::is_free(const Route& route, const Service& service, const Value& at) {
  const bool exact = route.match == Route::Match::exact;
  std::string place = route.host + (exact ? "=" : " ") + route.path;
  if (!exact && place.ends_with('/')) place.pop_back();  // with and without it the same requests match
  std::vector<Claim>& claims = claims_[std::move(place)];
  const auto equal = std::ranges::find_if(claims, [&](const Claim& claim) {
    const Route& other = claim.service->routes[claim.number];
    return route.methods.empty() == other.methods.empty() && route.headers.size() == other.headers.size() &&
           can_both_take(route, other);
  });
  const std::string found = quoted(at.node->text);
  if (equal != claims.end()) {
    const std::string first = "service " + quoted(equal->service->name) + " " + text_of(equal->at);
    if (route.methods.empty() && route.headers.empty()) {
      at.wrong(found + " can never be reached: its requests already lead to " + first +
               (exact ? "; expected a path of its own" : "; expected a prefix of its own"));
    } else {
      at.wrong(found + " takes requests that a route of " + first +
               " takes as well, and neither is more specific; expected other methods, or one header more");
    }
    return false;
  }
  if (claims.size() == most_of_one_path) {
    at.wrong(found + " has " + std::to_string(most_of_one_path) +
             " routes for the same host already; expected at most that many");
    return false;
  }
  claims.push_back({&service, service.routes.size(), at.node->at});
  return true;
}

}  // namespace switchgear::config
