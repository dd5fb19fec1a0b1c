// services.*.health_check: what is asked of a service at regular times, and what its answers mean.
#include <array>
#include <boost/url/parse.hpp>
#include <charconv>
#include <cmath>

#include "switchgear/config/option_problems.hpp"
#include "switchgear/config/sections.hpp"

namespace switchgear::config {

namespace {

namespace urls = boost::urls;
using std::chrono::hours;
using std::chrono::milliseconds;

constexpr std::size_t longest_path = 1024;
constexpr std::size_t most_expected = 32;

/// A path and perhaps a query, as a request line carries them.
struct RequestPath {
  [[nodiscard]] std::optional<std::string> operator()(const Value& value) const {
    auto text = Text{}(value);
    if (!text) return std::nullopt;
    std::string problem;
    if (!text->starts_with('/')) {
      problem = " does not start with \"/\"; write " + quoted("/" + *text);
    } else if (text->size() > longest_path) {
      problem = " is longer than 1024 bytes";
    } else if (!urls::parse_origin_form(*text)) {
      problem = " is not a path; use, for example, \"/healthz\" or \"/healthz?deep=1\"";
    }
    if (problem.empty()) return text;
    value.wrong(quoted(*text) + problem);
    return std::nullopt;
  }
};

/// `payment.internal`, `payment.internal:8080`.
struct HostField {
  [[nodiscard]] std::optional<std::string> operator()(const Value& value) const {
    auto text = Text{}(value);
    if (!text) return std::nullopt;
    const auto parsed = urls::parse_authority(*text);
    if (parsed && !parsed->has_userinfo() && !parsed->encoded_host().empty()) return text;
    value.wrong(quoted(*text) + " is not a host; expected NAME or NAME:PORT");
    return std::nullopt;
  }
};

/// Text without quotes is what YAML makes of it: null, a boolean, a number, or text.
std::optional<health::JsonValue> json_value(const Value& value) {
  const Node& node = *value.node;
  if (node.kind != Node::Kind::scalar) {
    value.wrong(found(node) + " found; expected a text, a number, a boolean or null");
    return std::nullopt;
  }
  if (node.empty()) return nullptr;
  if (node.style != Node::Style::quoted) {
    if (node.text == "true") return true;
    if (node.text == "false") return false;
    double number = 0;
    const char* const end = node.text.data() + node.text.size();
    const auto parsed = std::from_chars(node.text.data(), end, number);
    if (parsed.ec == std::errc{} && parsed.ptr == end && std::isfinite(number)) return number;
  }
  return node.text;
}

void read_json(const Value& value, health::HttpCheck& check) {
  Section section(value);
  const auto entries = section.entries();
  if (entries.size() > most_expected) {
    section.wrong(std::to_string(entries.size()) + " values found; expected at most " +
                  std::to_string(most_expected));
    return;
  }
  for (const auto& [pointer, expected] : entries) {
    if (!health::is_json_pointer(pointer)) {
      expected.report->error(expected.key, expected.path,
                             quoted(pointer) +
                                 " is not a JSON pointer; use, for example, \"/status\" or "
                                 "\"/dependencies/0/up\"");
    } else if (auto read = json_value(expected)) {
      check.json.push_back({std::string(pointer), *std::move(read)});
    }
  }
}

void read_expectation(const Value& value, health::HttpCheck& check) {
  Section section(value);
  if (const auto status = section.find("status")) {
    check.status = read_statuses(*status, "[200]");
    if (status->node->kind == Node::Kind::sequence && status->node->items.empty())
      status->wrong("is empty: no answer would be good; leave the key out for [200-299]");
  }
  if (const auto json = section.find("json")) {
    read_json(*json, check);
    if (check.method == "HEAD") json->wrong("the answer to a HEAD has no content; use GET");
  }
  section.finish();
}

health::HttpCheck read_http(const Value& value) {
  static constexpr std::array<std::string_view, 4> methods{"GET", "HEAD", "OPTIONS", "POST"};
  health::HttpCheck check;
  Section section(value);
  section.read("path", check.path, RequestPath{});
  std::size_t method = 0;
  section.read("method", method, OneOf{methods});
  check.method = methods[method];
  section.read("host", check.host, HostField{});
  section.read("plain", check.plain, Truth{});
  if (const auto expect = section.find("expect")) read_expectation(*expect, check);
  section.finish();
  return check;
}

/// The card of an agent, with the usual figures for agents.
void read_agent_check(const Value& value, health::CheckOptions& options) {
  health::HttpCheck check;
  check.path = "/.well-known/agent-card.json";
  Section section(value);
  section.read("path", check.path, RequestPath{});
  section.read("host", check.host, HostField{});
  section.read("plain", check.plain, Truth{});
  section.finish();
  options.how = check;
  options.watch.interval = std::chrono::seconds{30};
  options.watch.timeout = std::chrono::seconds{10};
  options.watch.rows = {3, 1};
}

void read_how(Section& section, health::CheckOptions& options) {
  const auto http = section.find("http");
  const auto tcp = section.find("tcp");
  const auto a2a = section.find("a2a");
  if (a2a) read_agent_check(*a2a, options);
  if (http) options.how = read_http(*http);
  if (tcp) {
    const bool empty = tcp->node->entries.empty();
    const bool mapping = tcp->node->kind == Node::Kind::mapping || tcp->node->empty();
    if (!empty) tcp->wrong("takes no keys; write tcp: {}, and the port beside it");
    if (!mapping) tcp->wrong(found_unquoted(*tcp->node) + " found; write tcp: {}, and the port beside it");
    options.how = health::TcpCheck{};
  }
  if (!section.is_mapping()) return;
  if (http && tcp) section.wrong("has http and tcp; expected one of them");
  if (a2a && (http || tcp))
    section.wrong(std::string("has a2a and ") + (http ? "http" : "tcp") + "; expected one of them");
  if (!http && !tcp && !a2a) section.missing("http", "http: {path: /healthz}\" or \"tcp: {}");
}

}  // namespace

health::CheckOptions read_health_check(const Value& value) {
  constexpr Length length{milliseconds{1}, hours{24}};
  const std::size_t errors_before = value.report->errors();
  health::CheckOptions options;
  health::WatchOptions& watch = options.watch;
  Section section(value);
  read_how(section, options);
  section.read("port", options.port, Whole{1, 65'535});
  section.read("interval", watch.interval, length);
  section.read("jitter", watch.jitter, any_number);
  section.read("timeout", watch.timeout, length);
  section.read("unhealthy", watch.rows.unhealthy, small_whole);
  section.read("healthy", watch.rows.healthy, small_whole);
  section.read("no_traffic_interval", watch.no_traffic_interval, length);
  section.finish();
  report_problems(value, validate(watch), errors_before);
  return options;
}

}  // namespace switchgear::config
