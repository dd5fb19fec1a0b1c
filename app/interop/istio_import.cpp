#include "app/interop/istio_import.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "app/interop/istio_calls.hpp"
#include "app/interop/istio_documents.hpp"
#include "app/interop/istio_entry.hpp"
#include "app/interop/istio_match.hpp"
#include "app/interop/istio_rule.hpp"
#include "app/interop/name_lookups.hpp"
#include "app/interop/route_intake.hpp"
#include "app/interop/values.hpp"
#include "switchgear/config/address.hpp"

namespace switchgear::interop {

namespace {

constexpr std::uint16_t usual_port = 80;
constexpr Duration usual_refresh = std::chrono::seconds{10};
constexpr std::size_t most_services = 10'000;

struct Destination {
  std::string host;
  std::optional<std::uint16_t> port;
  Value origin;
};

constexpr std::string_view websocket_always_passes =
    "Istio passes WebSocket, and no other upgrade, on every route";

class IstioImport {
 public:
  IstioImport(IstioDocuments documents, Ledger& ledger)
      : documents_(std::move(documents)), ledger_(ledger), intake_(ledger) {}

  Imported run() {
    if (documents_.rules.size() > most_services) {
      documents_.rules.back().spec.wrong(
          "is of one of more than 10000 DestinationRules; expected at most that many");
      return std::move(imported_);
    }
    for (const IstioDocument& rule : documents_.rules) rule_hosts_.push_back(host_of(rule));
    for (const IstioDocument& entry : documents_.entries) {
      ledger_.begin(entry.title);
      read_service_entry(entry.spec, addresses_, ledger_);
    }
    for (const IstioDocument& document : documents_.routes) import_routes(document);
    for (const IstioDocument& rule : documents_.rules) import_without_routes(rule);
    for (const Made& made : made_) count_siblings(made);
    for (const Made& made : made_) {
      ledger_.begin_part("services." + made.service->service.name);
      import_rule_of(made);
    }
    ledger_.settle_parts();
    return std::move(imported_);
  }

 private:
  /// A service that was made, and for what.
  struct Made {
    std::string host;
    std::uint16_t port;
    ImportedService* service;
    config::Mark at;
    config::Report* report;
    config::Policy policy;  ///< what its routes say of calls, without a name
  };

  void import_routes(const IstioDocument& document) {
    ledger_.begin(document.title);
    Fields spec(document.spec, ledger_);
    const std::vector<std::string> hosts = hosts_of(spec, document);
    spec.none("gateways", "there is one gateway");
    spec.none("exportTo", "the file says what is served");
    spec.none({"tcp", "tls"}, "the gateway serves HTTP");
    if (const auto list = spec.find("http")) {
      for (const Value& http : config::items(*list, "[{route: [{destination: {host: reviews}}]}]"))
        import_http(http, hosts, document);
    }
    spec.finish();
  }

  /// Hosts of routes; an empty one is any.
  std::vector<std::string> hosts_of(Fields& spec, const IstioDocument&) {
    std::vector<std::string> hosts;
    const auto list = spec.find("hosts");
    if (!list) return {""};
    for (const Value& item : config::items(*list, "[reviews]")) {
      const std::string host = read_text(item).value_or("");
      const auto parsed = config::parse_route_host(host);
      if (host == "*") {
        ledger_.carried(item, "routes without a host");
        hosts.emplace_back();
      } else if (!parsed.value) {
        ledger_.none(item, parsed.problem);
      } else {
        ledger_.carried(item, "host of the routes");
        hosts.push_back(host);
      }
    }
    return hosts;
  }

  void import_http(const Value& http, const std::vector<std::string>& hosts, const IstioDocument& document) {
    Fields fields(http, ledger_);
    fields.ignore({"name"});
    for (const std::string_view other : {"redirect", "directResponse", "delegate"}) {
      if (const auto value = fields.find(other))
        return ledger_.none(http, "left out: the gateway has no " + std::string(other));
    }
    const auto destination = destination_of(fields, document);
    const auto conditions = import_match(fields);
    if (!destination) return ledger_.none(http, "left out: it leads to no destination that can be called");
    ImportedService& service = service_for(*destination, http);
    ImportedService again;  // the policy is there already; here it is accounted for
    again.service.name = service.service.name;
    import_istio_calls(fields, again);
    fields.none({"mirror", "mirrors", "mirrorPercentage", "mirror_percent"}, "requests are not mirrored");
    fields.none("headers", "header fields are not changed");
    fields.none("corsPolicy", "the service answers for CORS");
    fields.finish();
    ledger_.carried(http, "upgrade of its routes", websocket_always_passes);
    for (const Condition& condition : conditions) {
      const bool own = condition.route.contains("host");
      const std::string* const only = own ? host_that_has(condition.route, hosts) : nullptr;
      if (own && only == nullptr) ledger_.none(condition.origin, of_another_host);
      for (const std::string& host : hosts) {
        if (!intake_.full() && (!own || &host == only)) add_route(condition, host, service);
      }
      if (intake_.full()) return;
    }
  }

  void add_route(const Condition& condition, const std::string& host, ImportedService& service) {
    boost::json::object route = condition.route;
    if (!host.empty() && !route.contains("host")) route["host"] = host;
    route["upgrade"] = boost::json::array{"websocket"};
    intake_.add(condition.origin, route, condition.how, service);
  }

  /// The one with the greatest weight.
  std::optional<Destination> destination_of(Fields& fields, const IstioDocument& document) {
    const auto list = fields.find("route");
    if (!list) return std::nullopt;
    std::optional<std::pair<std::uint64_t, Value>> heaviest;
    const auto items = config::items(*list, "[{destination: {host: reviews}}]");
    for (const Value& item : items) {
      Fields one(item, scratch_);
      const auto weight = one.find("weight");
      const std::uint64_t weighs = weight ? read_count(*weight).value_or(0) : items.size() == 1 ? 1 : 0;
      if (!heaviest || weighs > heaviest->first) heaviest.emplace(weighs, item);
    }
    if (!heaviest) return std::nullopt;
    for (const Value& item : items) {
      if (item.node != heaviest->second.node)
        ledger_.none(item, "a route leads to one service; the destination with the greatest weight is taken");
    }
    return destination_in(heaviest->second, items.size() > 1, document);
  }

  std::optional<Destination> destination_in(const Value& item, bool split, const IstioDocument& document) {
    Fields route(item, ledger_);
    const auto weight = route.find("weight");
    if (weight && split) ledger_.approximated(*weight, "", "all requests, not a part of them");
    route.none("headers", "header fields are not changed");
    Fields fields(route.section("destination"), ledger_);
    route.finish();
    fields.none("subset", "instances are not told apart by labels; requests go to all of the host's");
    const auto host = fields.find("host");
    if (!host) return std::nullopt;
    const auto called = callable(full_host(read_text(*host).value_or(""), document));
    if (!called) {
      ledger_.none(*host, "this is not the name of one host");
      return std::nullopt;
    }
    Destination destination{*called, std::nullopt, *host};
    if (const auto port = fields.find("port")) {
      Fields numbered(*port, ledger_);
      const auto number = numbered.find("number");
      const auto count = number ? read_count(*number) : std::nullopt;
      if (count && *count > 0 && *count <= 65535) {
        destination.port = static_cast<std::uint16_t>(*count);
        ledger_.carried(*number, "url of the service");
      } else if (number) {
        number->wrong(config::found(*number->node) + " found; expected a port from 1 to 65535");
      }
      numbered.finish();
    }
    fields.finish();
    return destination;
  }

  /// The service for calls to the destination as the route has them. Routes that differ in limits or retries
  /// have services of their own, because a policy is its service's.
  ImportedService& service_for(const Destination& destination, const Value& http) {
    config::Report unseen{""};
    Value quiet = http;
    quiet.report = &unseen;
    ImportedService trial;
    Fields calls(quiet, scratch_);
    import_istio_calls(calls, trial);
    return service_of(destination, trial.policy);
  }

  ImportedService& service_of(const Destination& destination, const config::Policy& calls) {
    const std::uint16_t port = destination.port.value_or(port_of(destination.host));
    bool shared = false;
    for (const Made& made : made_) {
      if (made.host != destination.host || made.port != port) continue;
      if (made.policy == calls) return *made.service;
      shared = true;
    }
    ImportedService& service = imported_.add(short_host(destination.host));
    const std::string name = service.service.name;
    service.policy = calls;
    service.policy.name = name;
    service.service.upstreams = upstreams_of(destination.host, port);
    service.service.dns_refresh = lookups_of(destination.host, service.service);
    const Value& origin = destination.origin;
    made_.push_back({destination.host, port, &service, origin.node->at, origin.report, calls});
    const std::string to = service.at(service.service.upstreams.size() == 1 ? "url" : "upstreams");
    if (shared) {
      ledger_.approximated(
          origin, to,
          "a service of its own, because this route has other limits or retries; its breaker and "
          "its ejections are apart");
    } else if (!destination.port && !addresses_.contains(destination.host)) {
      ledger_.approximated(origin, to, "port 80, because none is given");
    } else {
      ledger_.carried(origin, to);
    }
    return service;
  }

  std::uint16_t port_of(const std::string& host) const {
    const auto found = addresses_.find(host);
    return found == addresses_.end() || found->second.ports.empty() ? usual_port
                                                                    : found->second.ports.front().number;
  }

  std::vector<config::Upstream> upstreams_of(const std::string& host, std::uint16_t port) const {
    const auto found = addresses_.find(host);
    std::vector<config::Upstream> upstreams;
    if (found != addresses_.end()) upstreams = found->second.upstreams(port);
    if (upstreams.empty()) upstreams.push_back({{host, port}});
    return upstreams;
  }

  /// How often a mesh looks up names is a setting of the mesh, and not of a ServiceEntry.
  std::optional<Duration> lookups_of(const std::string& host, const config::Service& service) const {
    const auto found = addresses_.find(host);
    if (found == addresses_.end() || !found->second.by_dns || !has_name(service)) return std::nullopt;
    return usual_refresh;
  }

  /// A rule for a host that no route leads to: in the mesh, requests for this host do.
  void import_without_routes(const IstioDocument& rule) {
    ledger_.begin(rule.title);
    Fields spec(rule.spec, scratch_);
    const auto host = spec.find("host");
    if (!host) return rule.spec.wrong("has no host; expected, for example, \"host: reviews\"");
    const std::string full = full_host(read_text(*host).value_or(""), rule);
    if (std::ranges::any_of(made_, [&](const Made& made) { return applies(full, made.host); })) return;
    const auto called = callable(full);
    if (!called) return ledger_.none(*host, "no service: this is not the name of one host");
    ImportedService trial;
    Fields calls(Value{&no_fields(), host->key, "", host->report}, scratch_);
    import_istio_calls(calls, trial);
    ImportedService& service = service_of({*called, std::nullopt, *host}, trial.policy);
    ImportedService again;
    again.service.name = service.service.name;
    Fields told(Value{&no_fields(), host->key, "", host->report}, ledger_);
    ledger_.begin("no VirtualService for " + full);
    import_istio_calls(told, again);
    ledger_.begin(rule.title);
    ledger_.carried(*host, "upgrade of the route", websocket_always_passes);
    intake_.add(*host,
                {{"host", read_text(*host).value_or("")},
                 {"prefix", "/"},
                 {"upgrade", boost::json::array{"websocket"}}},
                "", service);
  }

  /// The host as an address has it; empty: it is not one, such as `*.example.com`.
  static std::optional<std::string> callable(const std::string& host) {
    auto url = config::parse_service_url("http://" + host);
    if (!url.value || !url.value->base_path.empty()) return std::nullopt;
    return std::move(url.value->upstream.host);
  }

  /// Of a rule; empty if it has none.
  std::string host_of(const IstioDocument& rule) {
    Fields spec(rule.spec, scratch_);
    const auto host = spec.find("host");
    return host ? full_host(read_text(*host).value_or(""), rule) : std::string{};
  }

  /// `*.example.com` is a rule for every host below.
  static bool applies(std::string_view rule, std::string_view host) {
    return rule == host || (rule.starts_with("*.") && host.ends_with(rule.substr(1))) || rule == "*";
  }

  /// How many services share the limits of what it is for.
  void count_siblings(const Made& of) const {
    of.service->siblings = of.service->retrying_siblings = 0;
    for (const Made& made : made_) {
      if (!(made.host == of.host && made.port == of.port) || made.service->service.routes.empty()) continue;
      ++of.service->siblings;
      if (made.policy.retry) ++of.service->retrying_siblings;
    }
  }

  void import_rule_of(const Made& made) {
    const IstioDocument* best = nullptr;
    std::size_t length = 0;
    for (std::size_t i = 0; i < rule_hosts_.size(); ++i) {
      if (!applies(rule_hosts_[i], made.host) || (best != nullptr && rule_hosts_[i].size() <= length))
        continue;
      best = &documents_.rules[i];
      length = rule_hosts_[i].size();
    }
    if (best == nullptr) {
      ledger_.begin("no DestinationRule for " + made.host);
      return import_traffic_policy({&no_fields(), made.at, "trafficPolicy", made.report}, made.port,
                                   *made.service, ledger_);
    }
    ledger_.begin(best->title);
    Fields spec(best->spec, ledger_);
    if (const auto host = spec.find("host")) ledger_.carried(*host, "services." + made.service->service.name);
    import_traffic_policy(spec.section("trafficPolicy"), made.port, *made.service, ledger_);
    spec.none("subsets", "instances are not told apart by labels");
    spec.none("exportTo", "the file says what is served");
    spec.none("workloadSelector", "the file is for this gateway");
    spec.finish();
  }

  IstioDocuments documents_;
  std::vector<std::string> rule_hosts_;  ///< of documents_.rules
  Ledger& ledger_;
  Ledger scratch_{"imported"};  ///< for what is read before it is known where it goes
  Imported imported_;
  RouteIntake intake_;
  std::map<std::string, ServiceEntryAddresses> addresses_;
  std::vector<Made> made_;
};

}  // namespace

Imported import_istio(const std::vector<Value>& documents, Ledger& ledger) {
  return IstioImport{sorted(documents, ledger), ledger}.run();
}

}  // namespace switchgear::interop
