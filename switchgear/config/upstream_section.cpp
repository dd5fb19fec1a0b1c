#include "switchgear/config/upstream_section.hpp"

#include <algorithm>
#include <array>

#include "switchgear/config/address.hpp"
#include "switchgear/config/header_name.hpp"
#include "switchgear/config/option_problems.hpp"

namespace switchgear::config {

namespace {

constexpr std::size_t most_upstreams = 1000;
constexpr double most_weight = 1'000'000;
constexpr Duration usual_refresh = std::chrono::seconds{10};

bool is_every(const std::string& host) { return host == "0.0.0.0" || host == "::"; }

/// Where a connection to a host goes: to `0.0.0.0` and `::`, to this machine.
std::string_view destination(const std::string& host) {
  if (is_every(host)) return host == "::" ? "::1" : "127.0.0.1";
  return host;
}

bool may_be(std::string_view name, std::string_view address) {
  return name == "localhost" && (address == "127.0.0.1" || address == "::1");
}

/// `localhost` is either loopback address. Other names are not resolved: reading the file sends no requests.
bool is_itself(const Endpoint& written_upstream, const Endpoint& written_listen) {
  const Endpoint upstream = canonical(written_upstream);
  const Endpoint listen = canonical(written_listen);
  if (is_unix(listen)) return upstream == listen;
  if (listen.port == 0 || upstream.port != listen.port) return false;
  if (is_every(listen.host)) return is_loopback(upstream) || is_every(upstream.host);
  const std::string_view to = destination(upstream.host);
  return to == listen.host || may_be(upstream.host, listen.host) || may_be(listen.host, to);
}

std::optional<ServiceUrl> read_url(Section& section, const GatewayOptions& gateway) {
  std::string text;
  section.require("url", text, Text{}, "url: http://127.0.0.1:9001");
  if (text.empty()) return std::nullopt;
  auto url = parse_service_url(text);
  if (!url.value) {
    section.find("url")->wrong(url.problem);
    return std::nullopt;
  }
  const auto is_own = [&](const Listener& each) { return is_itself(url.value->upstream, each.at); };
  if (std::ranges::any_of(gateway.listen, is_own)) {
    section.find("url")->wrong(quoted(text) +
                               " is where the gateway itself listens: it would call itself for ever");
    return std::nullopt;
  }
  return std::move(*url.value);
}

using Scheme = std::optional<ServiceUrl::Scheme>;

/// `base_path` and `scheme` are the first one's: a request's path is made before its instance is chosen.
void read_upstream(const Value& value, Service& service, const GatewayOptions& gateway, Scheme& scheme) {
  Section section(value);
  Upstream upstream;
  section.read("weight", upstream.weight, Number{0, most_weight});
  auto url = read_url(section, gateway);
  section.finish();
  if (!url) return;
  upstream.at = std::move(url->upstream);
  const Endpoint at = canonical(upstream.at);
  const auto same = [&](const Upstream& other) { return canonical(other.at) == at; };
  if (std::ranges::any_of(service.upstreams, same))
    return section.find("url")->wrong(quoted(text_of(upstream.at)) +
                                      " is in the list twice; expected it once");
  if (service.upstreams.empty()) {
    service.base_path = std::move(url->base_path);
    scheme = url->scheme;
  } else if (scheme != url->scheme) {
    return section.find("url")->wrong("some instances have https and others http; expected the same for all");
  } else if (service.base_path != url->base_path) {
    return section.find("url")->wrong("the path " + quoted(url->base_path) + " differs from " +
                                      quoted(service.base_path) +
                                      " of the first url; expected the same for all instances");
  }
  service.upstreams.push_back(std::move(upstream));
}

void read_list(const Value& list, Service& service, const GatewayOptions& gateway, Scheme& scheme) {
  const auto values = items(list, "[{url: http://10.0.0.1:8080}, {url: http://10.0.0.2:8080}]");
  if (values.empty() && list.node->kind == Node::Kind::sequence)
    return list.wrong("an empty list found; expected at least one instance");
  if (values.size() > most_upstreams) {
    return list.wrong(std::to_string(values.size()) + " instances found; expected at most " +
                      std::to_string(most_upstreams));
  }
  for (const Value& value : values) read_upstream(value, service, gateway, scheme);
}

/// Each instance is expected to be who its url says, unless the file gives all of them one name.
void read_tls(Section& section, Service& service, Scheme scheme, PeerReader& peers) {
  const auto tls = section.find("tls");  // known from here on, though a url that is wrong leaves it unread
  if (scheme == ServiceUrl::Scheme::http && tls) return tls->wrong("applies only to an https URL");
  if (scheme != ServiceUrl::Scheme::https) return;
  const auto peer = peers.read(section);
  if (!peer) return;
  for (Upstream& each : service.upstreams) {
    each.tls = peer;
    if (peer->name.empty()) each.tls->name = each.at.host;
  }
}

/// What is wrong with the bound of a hash stands below `hash`.
void report_balance(const Value& value, const Service& service, std::size_t errors_before) {
  std::vector<OptionProblem> problems = validate(service.balance);
  for (OptionProblem& each : problems) {
    if (each.key == "bound") each.key = "hash.bound";
  }
  report_problems(value, problems, errors_before);
}

void read_hash(const Value& value, Service& service) {
  Section section(value);
  service.balance.method = instances::Balance::hash;
  std::string written;
  section.require("header", written, Text{}, "header: x-user");
  if (!written.empty()) {
    auto name = parse_header_name(written, HeaderUse::value);
    if (!name.value) return section.find("header")->wrong(name.problem);
    service.balance_header = *std::move(name.value);
  }
  section.read("bound", service.balance.bound, any_number);
  section.finish();
}

std::optional<instances::Balance> read_method(const Value& value) {
  static constexpr std::array<std::string_view, 2> methods{"round_robin", "least_requests"};
  if (value.node->kind == Node::Kind::scalar && value.node->text == "hash") {
    value.wrong("does not say what the hash is of; write balance: {hash: {header: x-user}}");
    return std::nullopt;
  }
  return Named<instances::Balance>{methods}(value);
}

/// `round_robin`, `{method: round_robin, slow_start: 30s}`, `{hash: {header: x-user}}`.
void read_balance(const Value& value, Service& service) {
  const std::size_t errors_before = value.report->errors();
  if (value.node->kind == Node::Kind::scalar) {
    if (const auto read = read_method(value)) service.balance.method = *read;
    return;
  }
  Section section(value);
  section.read("method", service.balance.method, read_method);
  section.read("slow_start", service.balance.slow_start, Length{});
  section.read("slow_start_from", service.balance.slow_start_from, any_number);
  if (const auto hash = section.find("hash")) {
    if (const auto other = section.find("method"))
      other->wrong("contradicts hash, which is a method itself; expected one of the two");
    if (const auto other = section.find("slow_start"))
      other->wrong("has no effect on hash, where it would move keys; expected one of the two");
    read_hash(*hash, service);
  }
  section.finish();
  report_balance(value, service, errors_before);
  const auto from = section.find("slow_start_from");
  if (from && service.balance.slow_start == Duration::zero() && value.report->errors() == errors_before)
    value.report->warning(from->node->at, from->path, "has no effect without slow_start");
}

void read_dns(const Value& value, Service& service) {
  constexpr Length length{std::chrono::seconds{1}, std::chrono::hours{24}};
  Duration refresh = usual_refresh;
  Section section(value);
  section.read("refresh", refresh, length);
  section.read("max_connection_age", service.pool.max_age, length);
  section.finish();
  service.dns_refresh = refresh;
  const auto refreshed = section.find("refresh");
  if (service.upstreams.empty() || has_name(service) || !section.is_mapping()) return;
  if (refreshed || !service.pool.max_age) {
    const Value& at = refreshed ? *refreshed : value;
    value.report->warning(at.key, at.path, "has no effect: every url has an address, and no name to look up");
  }
}

void warn_of_weights(const Value& list, const Service& service) {
  const auto weightless = [](const Upstream& each) { return each.weight <= 0; };
  if (service.upstreams.empty() || !std::ranges::all_of(service.upstreams, weightless)) return;
  list.report->warning(
      list.key, list.path,
      "every weight is 0: no instance is preferred, and the calls are spread as with equal weights; "
      "a weight of 0 makes an instance the reserve of others");
}

}  // namespace

bool has_name(const Service& service) {
  return service.dns_refresh && std::ranges::any_of(service.upstreams, [](const Upstream& each) {
           return !is_address(each.at.host);
         });
}

void read_upstreams(Section& section, Service& service, const GatewayOptions& gateway, PeerReader& peers) {
  Scheme scheme;
  const std::size_t errors_before = section.self().report->errors();
  const auto list = section.find("upstreams");
  if (!list) {
    if (auto url = read_url(section, gateway)) {
      service.upstreams.push_back({std::move(url->upstream)});
      service.base_path = std::move(url->base_path);
      scheme = url->scheme;
    }
  } else {
    if (const auto url = section.find("url"))
      url->wrong("contradicts upstreams, which name the service's addresses; expected one of the two");
    read_list(*list, service, gateway, scheme);
    service.dns_refresh = usual_refresh;
    if (list->report->errors() == errors_before) warn_of_weights(*list, service);
  }
  read_tls(section, service, scheme, peers);
  if (const auto dns = section.find("dns")) read_dns(*dns, service);
  if (const auto balance = section.find("balance")) read_balance(*balance, service);
  if (const auto ejection = section.find("ejection")) {
    read_ejection(*ejection, service.ejection.emplace());
    if (ejection->report->errors() == errors_before) warn_of_ejection(*ejection, service);
  }
}

}  // namespace switchgear::config
