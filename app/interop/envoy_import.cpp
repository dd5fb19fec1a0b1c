#include "app/interop/envoy_import.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "app/interop/envoy_admission.hpp"
#include "app/interop/envoy_calls.hpp"
#include "app/interop/envoy_cluster.hpp"
#include "app/interop/envoy_match.hpp"
#include "app/interop/envoy_resources.hpp"
#include "app/interop/route_intake.hpp"
#include "app/interop/values.hpp"
#include "switchgear/config/address.hpp"

namespace switchgear::interop {

namespace {

constexpr std::size_t most_services = 10'000;

/// `*.example.com` and the like are ours as they are; a port in a domain is not looked at here.
std::string without_port(std::string_view domain) {
  const std::size_t colon = domain.rfind(':');
  if (colon == std::string_view::npos || domain.ends_with(']')) return std::string(domain);
  const std::string_view port = domain.substr(colon + 1);
  const bool any = port == "*" || port.find_first_not_of("0123456789") == std::string_view::npos;
  return std::string(any ? domain.substr(0, colon) : domain);
}

class EnvoyImport {
 public:
  EnvoyImport(EnvoyResources resources, Ledger& ledger)
      : resources_(std::move(resources)), ledger_(ledger), intake_(ledger) {}

  Imported run() {
    if (resources_.listeners.size() == 1) imported_.listen = resources_.listeners.front();
    if (resources_.order.size() > most_services) {
      const Value& last = resources_.clusters.at(resources_.order.back());
      last.report->error(last.node->at, last.path,
                         "is one of more than 10000 clusters; expected at most that many");
      return std::move(imported_);
    }
    for (const EnvoyRoutes& routes : resources_.routes) {
      websocket_ = routes.websocket;
      import_routes(routes.value);
    }
    for (const std::string& name : resources_.order) {
      if (std::ranges::find(made_, name, &Made::cluster) != made_.end()) continue;
      ledger_.begin("cluster " + name);
      static_cast<void>(service_of(name, {}, resources_.clusters.at(name)));
    }
    for (const Made& made : made_) {
      if (made.service != nullptr) count_siblings(made);
    }
    for (const Made& made : made_) {
      if (made.service == nullptr) continue;
      ledger_.begin("cluster " + made.cluster);
      ledger_.begin_part("services." + made.service->service.name);
      import_cluster(resources_.clusters.at(made.cluster), made.hash_header, *made.service, ledger_);
    }
    ledger_.settle_parts();
    if (resources_.admission) {
      ledger_.begin("listener");
      import_envoy_admission(*resources_.admission, imported_, ledger_);
    }
    return std::move(imported_);
  }

 private:
  struct Made {
    std::string cluster;
    config::Policy policy;     ///< what its routes say of calls, without a name
    ImportedService* service;  ///< null: it cannot be called
    std::optional<Value> hash_header;
  };

  /// How many services share the limits of what it is for.
  void count_siblings(const Made& of) const {
    of.service->siblings = of.service->retrying_siblings = 0;
    for (const Made& made : made_) {
      if (!(made.cluster == of.cluster && made.service != nullptr) || made.service->service.routes.empty())
        continue;
      ++of.service->siblings;
      if (made.policy.retry) ++of.service->retrying_siblings;
    }
  }

  void import_routes(const Value& routes) {
    Fields fields(routes, ledger_);
    const auto name = fields.find("name");
    ledger_.begin("routes " + (name ? read_text(*name).value_or("") : std::string{}));
    fields.ignore({"@type", "ignore_port_in_host_matching", "validate_clusters"});
    if (const auto hosts = fields.find("virtual_hosts")) {
      for (const Value& host : config::items(*hosts, "[{name: shop, domains: ['*'], routes: []}]"))
        import_virtual_host(host);
    }
    fields.finish();
  }

  void import_virtual_host(const Value& value) {
    Fields fields(value, ledger_);
    fields.ignore({"name"});
    const std::vector<std::string> hosts = hosts_of(fields);
    const auto retries = fields.find("retry_policy");
    std::vector<RouteOf> routes;
    if (const auto list = fields.find("routes")) {
      for (const Value& item : config::items(*list, "[{match: {prefix: /}, route: {cluster: shop}}]"))
        import_route(item, retries, routes);
    }
    fields.finish();
    settle(routes);
    std::erase_if(routes, [&](const RouteOf& route) {
      const bool none =
          route.condition.route.contains("host") && host_that_has(route.condition.route, hosts) == nullptr;
      if (none) ledger_.none(route.condition.origin, of_another_host);
      return none;
    });
    for (const std::string& host : hosts) {
      for (const RouteOf& route : routes) {
        if (intake_.full()) return;
        boost::json::object item = route.condition.route;
        if (item.contains("host")) {
          if (host_that_has(item, hosts) != &host) continue;
        } else if (!host.empty()) {
          item["host"] = host;
        }
        intake_.add(route.condition.origin, item, route.condition.how, *route.service);
      }
    }
  }

  struct RouteOf {
    Condition condition;
    ImportedService* service;
  };

  /// Prefixes of text become prefixes of segments, together with the exact routes beside them that lead to
  /// the same service.
  void settle(std::vector<RouteOf>& routes) {
    std::map<const ImportedService*, std::vector<Condition*>> of_service;
    for (RouteOf& route : routes) of_service[route.service].push_back(&route.condition);
    for (const auto& [service, conditions] : of_service) settle_prefixes(conditions);
    for (const RouteOf& route : routes) {
      if (route.condition.route.empty())
        ledger_.carried(route.condition.origin, "the route of the prefix below it");
    }
    std::erase_if(routes, [](const RouteOf& route) { return route.condition.route.empty(); });
  }

  std::vector<std::string> hosts_of(Fields& fields) {
    std::vector<std::string> hosts;
    const auto list = fields.find("domains");
    if (!list) return {""};
    for (const Value& item : config::items(*list, "['*']")) {
      const std::string domain = read_text(item).value_or("");
      const std::string host = without_port(domain);
      const bool one_port = host != domain && !domain.ends_with('*');
      const auto parsed = config::parse_route_host(host);
      if (host == "*") {
        ledger_.carried(item, "routes without a host");
        hosts.emplace_back();
      } else if (!parsed.value) {
        ledger_.none(item, parsed.problem);
      } else if (std::ranges::find(hosts, *parsed.value) != hosts.end()) {
        ledger_.carried(item, "host of the routes", "the port makes no difference");
      } else {
        one_port ? ledger_.approximated(item, "host of the routes", "takes every port of the host")
                 : ledger_.carried(item, "host of the routes");
        hosts.push_back(*parsed.value);
      }
    }
    return hosts;
  }

  void import_route(const Value& value, const std::optional<Value>& retries, std::vector<RouteOf>& routes) {
    Fields fields(value, ledger_);
    fields.ignore({"name"});
    const auto to = fields.find("route");
    if (!to) {
      return ledger_.none(value, "left out: the gateway answers a route by calling a service only");
    }
    std::optional<Condition> condition;
    if (const auto match = fields.find("match")) condition = import_envoy_match(*match, ledger_);
    fields.finish();
    Fields action(*to, ledger_);
    const auto cluster = cluster_of(action);
    const bool rewritten = !condition || import_envoy_rewrite(action, *condition);
    const auto hash = hash_header_of(action);
    ImportedService* service = cluster ? service_for(*cluster, *to, retries) : nullptr;
    ImportedService again;
    if (service != nullptr) again.service.name = service->service.name;
    import_envoy_calls(action, retries, again);
    if (service != nullptr && hash) remember(*service, *hash);
    action.none({"idle_timeout", "max_stream_duration", "max_grpc_timeout", "flush_timeout"},
                "a call has the limits deadline and timeout");
    action.none(
        {"host_rewrite_literal", "auto_host_rewrite", "host_rewrite_header", "host_rewrite_path_regex"},
        "the service is sent the Host of the client");
    action.none("request_mirror_policies", "requests are not mirrored");
    if (condition) {
      if (websocket_passes(action, "upgrade of the route").value_or(websocket_))
        condition->route["upgrade"] = boost::json::array{"websocket"};
    } else {
      action.none("upgrade_configs", "the route is left out");
    }
    action.finish();
    if (service == nullptr) return ledger_.none(value, "left out: it leads to no cluster that can be called");
    if (condition && rewritten) routes.push_back({*std::move(condition), service});
  }

  /// The one with the greatest weight.
  std::optional<Value> cluster_of(Fields& action) {
    if (const auto cluster = action.find("cluster")) return cluster;
    action.none({"cluster_header", "inline_cluster_specifier_plugin"}, "a route leads to one service");
    const auto weighted = action.find("weighted_clusters");
    if (!weighted) return std::nullopt;
    Fields fields(*weighted, ledger_);
    std::optional<std::pair<std::uint64_t, Value>> heaviest;
    const auto list = fields.find("clusters");
    if (!list) return std::nullopt;
    for (const Value& item : config::items(*list, "[{name: shop, weight: 1}]")) {
      Fields one(item, scratch_);
      const auto name = one.find("name");
      const auto weight = one.find("weight");
      const std::uint64_t weighs = weight ? read_count(*weight).value_or(0) : 0;
      if (name && (!heaviest || weighs > heaviest->first)) heaviest.emplace(weighs, *name);
    }
    ledger_.approximated(*weighted, "",
                         "a route leads to one service; all go to the cluster with the greatest weight");
    fields.ignore({"total_weight"});
    fields.finish();
    return heaviest ? std::optional(heaviest->second) : std::nullopt;
  }

  std::optional<Value> hash_header_of(Fields& action) {
    const auto list = action.find("hash_policy");
    if (!list) return std::nullopt;
    std::optional<Value> header;
    for (const Value& item : config::items(*list, "[{header: {header_name: x-user}}]")) {
      Fields policy(item, scratch_);
      Fields by(policy.section("header"), scratch_);
      const auto name = by.find("header_name");
      if (name && !header) {
        header = name;
      } else {
        ledger_.none(item, "instances are chosen by one header");
      }
    }
    return header;
  }

  void remember(const ImportedService& service, const Value& header) {
    for (Made& made : made_) {
      if (made.service != &service) continue;
      if (made.hash_header && made.hash_header->node->text != header.node->text) {
        ledger_.none(header, "another route to this service has another header");
      } else {
        made.hash_header = header;
      }
    }
  }

  /// The service for calls to the cluster as the route has them. Routes that differ in limits or retries have
  /// services of their own, because a policy is its service's.
  ImportedService* service_for(const Value& cluster, const Value& action,
                               const std::optional<Value>& retries) {
    const std::string name = read_text(cluster).value_or("");
    if (!resources_.clusters.contains(name)) {
      ledger_.none(cluster, "the file has no cluster of this name");
      return nullptr;
    }
    config::Report unseen{""};
    Value quiet = action;
    quiet.report = &unseen;
    ImportedService trial;
    Fields calls(quiet, scratch_);
    import_envoy_calls(calls, retries, trial);
    return service_of(name, trial.policy, cluster);
  }

  ImportedService* service_of(const std::string& cluster, const config::Policy& calls, const Value& origin) {
    bool shared = false;
    for (const Made& made : made_) {
      if (made.cluster != cluster) continue;
      if (made.service == nullptr || made.policy == calls) return made.service;
      shared = true;
    }
    std::string before = ledger_.begin("cluster " + cluster);
    auto upstreams = upstreams_of_cluster(resources_.clusters.at(cluster), shared ? scratch_ : ledger_);
    ledger_.begin(std::move(before));
    if (upstreams.empty()) {
      made_.push_back({cluster, calls, nullptr, std::nullopt});
      return nullptr;
    }
    const std::size_t bar = cluster.rfind('|');
    ImportedService& service = imported_.add(bar == std::string::npos ? cluster : cluster.substr(bar + 1));
    const std::string name = service.service.name;
    service.policy = calls;
    service.policy.name = name;
    service.service.upstreams = std::move(upstreams);
    made_.push_back({cluster, calls, &service, std::nullopt});
    if (shared) {
      ledger_.approximated(
          origin, "services." + name,
          "a service of its own, because this route has other limits or retries; its breaker and "
          "its ejections are apart");
    } else {
      ledger_.carried(origin, "services." + name);
    }
    return &service;
  }

  EnvoyResources resources_;
  Ledger& ledger_;
  Ledger scratch_{"imported"};  ///< for what is read before it is known where it goes
  Imported imported_;
  RouteIntake intake_;
  bool websocket_ = false;  ///< passes on the routes that are imported now, unless one says otherwise
  std::vector<Made> made_;
};

}  // namespace

Imported import_envoy(const std::vector<Value>& documents, Ledger& ledger) {
  return EnvoyImport{resources_of(documents, ledger), ledger}.run();
}

}  // namespace switchgear::interop
