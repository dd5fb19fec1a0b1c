#include "app/interop/istio_export.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <cmath>
#include <map>
#include <string>
#include <string_view>

#include "app/interop/call_limits.hpp"
#include "app/interop/exported.hpp"
#include "app/interop/istio_rule_export.hpp"
#include "app/interop/policy_text.hpp"
#include "app/interop/retry_on.hpp"
#include "app/interop/values.hpp"
#include "app/interop/written_weights.hpp"
#include "switchgear/config/address.hpp"
#include "switchgear/config/router.hpp"

namespace switchgear::interop {

namespace json = boost::json;

namespace {

constexpr std::string_view gateway_name = "switchgear";
constexpr std::uint16_t entry_port = 80;

json::object document(std::string_view kind, std::string_view name, json::object spec) {
  return {{"apiVersion", "networking.istio.io/v1"},
          {"kind", kind},
          {"metadata", {{"name", name}}},
          {"spec", std::move(spec)}};
}

class IstioExport {
 public:
  IstioExport(const config::Config& config, Ledger& ledger) : config_(config), ledger_(ledger) {}

  std::vector<json::object> run() {
    documents_.push_back(document(
        "Gateway", names_.add(gateway_name),
        {{"selector", {{"istio", "ingressgateway"}}},
         {"servers",
          {json::object{
              {"port", {{"number", entry_port_of_gateway()}, {"name", "http"}, {"protocol", "HTTP"}}},
              {"hosts", {"*"}}}}}}));
    for (const auto& [name, service] : config_.services) write_service(name, service);
    write_routes();
    return std::move(documents_);
  }

 private:
  /// Its Gateway has one port.
  std::uint16_t entry_port_of_gateway() {
    const std::vector<config::Listener>& all = config_.gateway.listen;
    const auto tcp = std::ranges::find_if(all, [](const auto& each) { return !config::is_unix(each.at); });
    if (tcp == all.end()) {
      ledger_.none("gateway.listen", "a Gateway has no Unix sockets");
      return entry_port;
    }
    if (all.size() == 1) {
      ledger_.carried("gateway.listen", "Gateway switchgear");
    } else {
      ledger_.approximated("gateway.listen", "Gateway switchgear", "the first port alone");
    }
    return tcp->at.port;
  }

  struct Host {
    std::string name;
    std::uint16_t port;
  };

  void write_service(const std::string& name, const config::Service& service) {
    const ExportedService exported{service, config_.policies.at(service.policy), config_.gateway.threads};
    Host host{hosts_.add(name), entry_port};
    if (host.name == name) {
      ledger_.carried("services." + name, host.name);
    } else {
      ledger_.approximated("services." + name, host.name, "names of hosts have fewer letters");
    }
    const config::Upstream& first = service.upstreams.front();
    if (service.upstreams.size() == 1 && first.at.host == host.name) {
      host.port = first.at.port;
      ledger_.carried(exported.at("url"), "host of the DestinationRule");
    } else {
      write_entry(exported, host);
    }
    documents_.push_back(
        document("DestinationRule", host.name,
                 {{"host", host.name}, {"trafficPolicy", istio_traffic_policy(exported, ledger_)}}));
    account_for_gaps(exported, ledger_);
    if (service.health_check)
      ledger_.none(exported.at("health_check"), "Istio has no checks of a service from outside");
    if (exported.policy.admission) ledger_.none(exported.policy_at("admission"), "Istio has no such policy");
    account_for_call(exported);
    by_service_.emplace(name, std::move(host));
  }

  /// The addresses of a service that is not one of the cluster's own.
  void write_entry(const ExportedService& exported, const Host& host) {
    json::array endpoints;
    bool addresses = true;
    const auto weights = written_weights(exported, "ServiceEntry endpoints.weight", "", ledger_);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const config::Upstream& upstream = exported.service.upstreams[i];
      if (weights[i] == 0) continue;
      json::object endpoint;
      if (config::is_unix(upstream.at)) {
        endpoint["address"] = "unix://" + upstream.at.host.substr(config::unix_scheme.size());
      } else {
        endpoint = {{"address", upstream.at.host}, {"ports", {{"http", upstream.at.port}}}};
      }
      if (weights[i] > 1) endpoint["weight"] = weights[i];
      addresses = addresses && config::is_address(upstream.at.host);
      endpoints.push_back(std::move(endpoint));
    }
    ledger_.carried(exported.at("upstreams"), "ServiceEntry endpoints");
    documents_.push_back(
        document("ServiceEntry", host.name,
                 {{"hosts", {host.name}},
                  {"ports", {json::object{{"number", host.port}, {"name", "http"}, {"protocol", "HTTP"}}}},
                  {"location", "MESH_EXTERNAL"},
                  {"resolution", addresses                      ? "STATIC"
                                 : exported.service.dns_refresh ? "DNS"
                                                                : "DNS_ROUND_ROBIN"},
                  {"endpoints", std::move(endpoints)}}));
  }

  /// What write_call() writes into each route.
  void account_for_call(const ExportedService& exported) {
    if (account_for_call_without_routes(exported, ledger_)) return;
    const config::Policy& policy = exported.policy;
    if (policy.timeout)
      ledger_.carried(exported.policy_at("timeout"), policy.retry ? "retries.perTryTimeout" : "timeout");
    if (policy.deadline) ledger_.carried(exported.policy_at("deadline"), "timeout");
    if (policy.chaos && policy.chaos->enabled) account_for_chaos(exported, *policy.chaos);
    if (!policy.retry) return;
    for (const std::string_view key : {"max_attempts", "base", "status"})
      ledger_.carried(exported.policy_at("retry." + std::string(key)), "retries");
    if (policy.retry->max_delay != policy.retry->base * 10)
      ledger_.none(exported.policy_at("retry.max_delay"), "it is ten times the base");
    ledger_.none(exported.policy_at("retry.honor_retry_after"), "Istio does not wait for it");
  }

  void account_for_chaos(const ExportedService& exported, const ChaosOptions& chaos) {
    if (chaos.delay.probability > 0) {
      if (chaos.delay.min == chaos.delay.max) {
        ledger_.carried(exported.policy_at("chaos.delay"), "fault.delay");
      } else {
        ledger_.approximated(exported.policy_at("chaos.delay"), "fault.delay", "always the shortest");
      }
    }
    if (chaos.fail.probability > 0)
      ledger_.approximated(exported.policy_at("chaos.fail"), "fault.abort", "as status 500");
    if (chaos.timeout.probability > 0) ledger_.none(exported.policy_at("chaos.timeout"), "Istio has none");
    if (chaos.abort.probability > 0) ledger_.none(exported.policy_at("chaos.abort"), "Istio has none");
    if (chaos.force_open.probability > 0)
      ledger_.none(exported.policy_at("chaos.force_open"), "Istio has none");
  }

  void write_routes() {
    std::map<std::string, json::array> by_host;
    std::vector<std::string> order;
    const config::Router router{config_.services};
    for (const config::Router::Target& target : router.in_order()) {
      const auto [at, first] = by_host.try_emplace(target.route.host);
      if (first) order.push_back(target.route.host);
      at->second.push_back(route_of(target));
    }
    for (const std::string& host : order) {
      json::object spec{{"hosts", {host.empty() ? "*" : host}}};
      // A host that is every one cannot be one of the mesh's.
      spec["gateways"] = host.empty() ? json::array{gateway_name} : json::array{"mesh", gateway_name};
      spec["http"] = std::move(by_host.at(host));
      const bool below = host.starts_with("*.");
      const std::string name = host.empty() ? "any" : below ? "any" + host.substr(1) : host;
      documents_.push_back(document("VirtualService", names_.add("routes-" + name), std::move(spec)));
    }
    if (order.size() > 1)
      ledger_.approximated("routes", "VirtualServices",
                           "a request is offered to the routes of its most specific host only");
  }

  json::object route_of(const config::Router::Target& target) {
    const config::Service& service = config_.services.at(target.service_name);
    const config::Policy& policy = config_.policies.at(service.policy);
    const Host& host = by_service_.at(target.service_name);
    json::object route{{"match", match_of(target.route)}};
    if (const auto rewrite = path_rewrite_of(target.route, service.base_path))
      route["rewrite"] =
          json::object{{"uriRegexRewrite", {{"match", rewrite->regex}, {"rewrite", rewrite->to}}}};
    route["route"] =
        json::array{json::object{{"destination", {{"host", host.name}, {"port", {{"number", host.port}}}}}}};
    write_call(policy, route);
    const std::string place = "services." + service.name + ".routes[" + std::to_string(target.number) + "]";
    ledger_.carried(place, "http");
    write_upgrades(target.route, place + ".upgrade");
    return route;
  }

  /// Istio has no field for them: WebSocket passes on every route, other protocols on none.
  void write_upgrades(const config::Route& route, const std::string& place) {
    const bool websocket = std::ranges::find(route.upgrade, "websocket") != route.upgrade.end();
    if (websocket) ledger_.carried(place, "", "Istio passes WebSocket on every route");
    if (!websocket) ledger_.approximated(place, "", "Istio passes WebSocket on every route, here on none");
    if (route.upgrade.size() > (websocket ? 1U : 0U))
      ledger_.none(place, "of upgrades, Istio passes only those to WebSocket");
  }

  static json::array match_of(const config::Route& route) {
    json::object match;
    if (route.methods.size() == 1) match["method"] = json::object{{"exact", route.methods.front()}};
    if (route.methods.size() > 1) {
      std::string regex;
      for (const std::string& method : route.methods) regex.append(regex.empty() ? "" : "|").append(method);
      match["method"] = json::object{{"regex", regex}};
    }
    json::object headers;
    for (const auto& [name, value] : route.headers) headers[name] = json::object{{"exact", value}};
    if (!headers.empty()) match["headers"] = std::move(headers);

    std::string path = encoded_path(route.path);
    json::array alternatives;
    const auto add = [&](std::string_view kind, const std::string& text) {
      json::object one{{"uri", {{kind, text}}}};
      for (const auto& [key, value] : match) one[key] = value;
      alternatives.push_back(std::move(one));
    };
    const bool prefix = route.match == config::Route::Match::prefix;
    if (prefix && path.ends_with('/')) path.pop_back();
    if (!prefix || !path.empty()) add("exact", path);  // a prefix of text would miss the prefix itself
    if (prefix) add("prefix", path + "/");
    return alternatives;
  }

  static void write_call(const config::Policy& policy, json::object& route) {
    const CallLimits limits = limits_of(policy);
    if (limits.whole) route["timeout"] = seconds_text(*limits.whole);
    json::object retries{{"attempts", policy.retry ? policy.retry->max_attempts - 1 : 0}};
    if (policy.retry && policy.retry->max_attempts > 1) {
      if (limits.attempt) retries["perTryTimeout"] = seconds_text(*limits.attempt);
      WrittenRetryOn on = written_retry_on(policy.retry_status);
      for (const unsigned code : on.codes) on.conditions += "," + std::to_string(code);
      retries["retryOn"] = on.conditions;
      retries["backoff"] = seconds_text(policy.retry->base);
    }
    route["retries"] = std::move(retries);
    if (!policy.chaos || !policy.chaos->enabled) return;
    json::object fault;
    if (policy.chaos->delay.probability > 0)
      fault["delay"] = json::object{{"fixedDelay", seconds_text(policy.chaos->delay.min)},
                                    {"percentage", {{"value", percent_of(policy.chaos->delay.probability)}}}};
    if (policy.chaos->fail.probability > 0)
      fault["abort"] = json::object{{"httpStatus", 500},
                                    {"percentage", {{"value", percent_of(policy.chaos->fail.probability)}}}};
    if (!fault.empty()) route["fault"] = std::move(fault);
  }

  const config::Config& config_;
  Ledger& ledger_;
  ResourceNames names_;
  ResourceNames hosts_;
  std::map<std::string, Host> by_service_;
  std::vector<json::object> documents_;
};

}  // namespace

std::vector<json::object> export_istio(const config::Config& config, Ledger& ledger) {
  return IstioExport{config, ledger}.run();
}

}  // namespace switchgear::interop
