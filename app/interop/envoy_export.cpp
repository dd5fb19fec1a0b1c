#include "app/interop/envoy_export.hpp"

#include <boost/json/array.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/interop/call_limits.hpp"
#include "app/interop/envoy_admission.hpp"
#include "app/interop/envoy_cluster_export.hpp"
#include "app/interop/exported.hpp"
#include "app/interop/policy_text.hpp"
#include "app/interop/retry_on.hpp"
#include "app/interop/values.hpp"
#include "switchgear/config/router.hpp"

namespace switchgear::interop {

namespace json = boost::json;

namespace {

json::object header_of(std::string_view name, std::string_view exact) {
  return {{"name", name}, {"string_match", json::object{{"exact", exact}}}};
}

json::object match_of(const config::Route& route) {
  json::object match;
  std::string path = encoded_path(route.path);
  if (route.match == config::Route::Match::exact) {
    match["path"] = path;
  } else if (path == "/") {
    match["prefix"] = path;
  } else {
    if (path.ends_with('/')) path.pop_back();
    match["path_separated_prefix"] = path;
  }
  json::array headers;
  if (route.methods.size() == 1) headers.push_back(header_of(":method", route.methods.front()));
  if (route.methods.size() > 1) {
    std::string regex;
    for (const std::string& method : route.methods) regex.append(regex.empty() ? "" : "|").append(method);
    headers.push_back(json::object{
        {"name", ":method"}, {"string_match", json::object{{"safe_regex", json::object{{"regex", regex}}}}}});
  }
  for (const auto& [name, value] : route.headers) headers.push_back(header_of(name, value));
  if (!headers.empty()) match["headers"] = std::move(headers);
  return match;
}

json::object retry_policy_of(const config::Policy& policy, const CallLimits& limits) {
  const RetryOptions& retry = *policy.retry;
  WrittenRetryOn on = written_retry_on(policy.retry_status);
  if (!on.codes.empty()) on.conditions += ",retriable-status-codes";
  json::object written{{"retry_on", on.conditions}, {"num_retries", retry.max_attempts - 1}};
  if (!on.codes.empty()) written["retriable_status_codes"] = json::array(on.codes.begin(), on.codes.end());
  if (limits.attempt) written["per_try_timeout"] = seconds_text(*limits.attempt);
  written["retry_back_off"] = json::object{{"base_interval", seconds_text(retry.base)},
                                           {"max_interval", seconds_text(retry.max_delay)}};
  written["rate_limited_retry_back_off"] =
      json::object{{"reset_headers",
                    json::array{json::value(json::object{{"name", "Retry-After"}, {"format", "SECONDS"}})}},
                   {"max_interval", seconds_text(retry.honor_retry_after.max)}};
  return written;
}

class EnvoyExport {
 public:
  EnvoyExport(const config::Config& config, Ledger& ledger) : config_(config), ledger_(ledger) {}

  json::object run() {
    json::array clusters;
    for (const auto& [name, service] : config_.services) {
      const ExportedService exported{service, config_.policies.at(service.policy), config_.gateway.threads};
      ledger_.carried("services." + name, "cluster " + name);
      clusters.push_back(envoy_cluster(exported, name, ledger_));
      account_for_gaps(exported, ledger_);
      account_for_call(exported);
    }
    json::object resources;
    resources["listeners"] = listeners();
    resources["clusters"] = std::move(clusters);
    json::object bootstrap;
    bootstrap["static_resources"] = std::move(resources);
    return bootstrap;
  }

 private:
  void account_for_call(const ExportedService& exported) {
    if (account_for_call_without_routes(exported, ledger_)) return;
    const config::Policy& policy = exported.policy;
    if (policy.timeout)
      ledger_.carried(exported.policy_at("timeout"),
                      policy.retry ? "retry_policy.per_try_timeout" : "route.timeout");
    if (policy.deadline) ledger_.carried(exported.policy_at("deadline"), "route.timeout");
    if (policy.chaos && policy.chaos->enabled)
      ledger_.none(exported.policy_at("chaos"), "it is not exported");
    if (!policy.retry) return;
    for (const std::string_view key : {"max_attempts", "base", "max_delay", "status", "honor_retry_after"})
      ledger_.carried(exported.policy_at("retry." + std::string(key)), "retry_policy");
  }

  /// Each has all routes.
  json::array listeners() {
    json::array all;
    for (const config::Listener& each : config_.gateway.listen) {
      const std::string number = all.empty() ? "" : "-" + std::to_string(all.size() + 1);
      json::object one = listener("switchgear" + number);
      one["address"] = envoy_address(each.at);
      all.push_back(std::move(one));
    }
    ledger_.carried("gateway.listen", "listener switchgear");
    return all;
  }

  json::object listener(const std::string& name) {
    json::object manager{
        {"@type",
         "type.googleapis.com/"
         "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"},
        {"stat_prefix", "switchgear"}};
    json::object routes{{"name", "switchgear"}, {"ignore_port_in_host_matching", true}};
    routes["virtual_hosts"] = virtual_hosts();
    manager["route_config"] = std::move(routes);
    json::array filters;
    if (auto admission = envoy_admission(config_, ledger_)) filters.push_back(*std::move(admission));
    filters.push_back(json::object{
        {"name", "envoy.filters.http.router"},
        {"typed_config",
         json::object{{"@type", "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}}});
    manager["http_filters"] = std::move(filters);
    json::object filter{{"name", "envoy.filters.network.http_connection_manager"}};
    filter["typed_config"] = std::move(manager);
    json::object chain;
    chain["filters"] = json::array{json::value(std::move(filter))};
    json::object listener{{"name", name}, {"address", nullptr}};
    listener["filter_chains"] = json::array{json::value(std::move(chain))};
    return listener;
  }

  json::array virtual_hosts() {
    std::map<std::string, json::array> by_host;
    std::vector<std::string> order;
    const config::Router router{config_.services};
    for (const config::Router::Target& target : router.in_order()) {
      const auto [at, first] = by_host.try_emplace(target.route.host);
      if (first) order.push_back(target.route.host);
      at->second.push_back(route_of(target));
    }
    json::array hosts;
    for (const std::string& host : order) {
      const std::string domain = host.empty() ? "*" : host;
      json::object one{{"name", host.empty() ? "any" : host}};
      one["domains"] = json::array{json::value(domain)};
      one["routes"] = std::move(by_host.at(host));
      hosts.push_back(std::move(one));
    }
    if (order.size() > 1)
      ledger_.approximated("routes", "virtual_hosts",
                           "a request is offered to the routes of its most specific host only");
    return hosts;
  }

  json::object route_of(const config::Router::Target& target) {
    const config::Service& service = config_.services.at(target.service_name);
    const config::Policy& policy = config_.policies.at(service.policy);
    const CallLimits limits = limits_of(policy);
    json::object action{{"cluster", service.name},
                        {"timeout", limits.whole ? seconds_text(*limits.whole) : "0s"}};
    if (const auto rewrite = path_rewrite_of(target.route, service.base_path))
      action["regex_rewrite"] =
          json::object{{"pattern", json::object{{"regex", rewrite->regex}}}, {"substitution", rewrite->to}};
    if (policy.retry && policy.retry->max_attempts > 1)
      action["retry_policy"] = retry_policy_of(policy, limits);
    if (service.balance.method == instances::Balance::hash)
      action["hash_policy"] = json::array{
          json::value(json::object{{"header", json::object{{"header_name", service.balance_header}}}})};
    const std::string place = "services." + service.name + ".routes[" + std::to_string(target.number) + "]";
    ledger_.carried(place, "routes");
    for (const std::string& protocol : target.route.upgrade) {
      if (protocol == "websocket") {
        action["upgrade_configs"] = json::array{json::object{{"upgrade_type", protocol}}};
      } else {
        ledger_.none(place + ".upgrade", "upgrades are exported for WebSocket only");
      }
    }
    json::object route;
    route["match"] = match_of(target.route);
    route["route"] = std::move(action);
    return route;
  }

  const config::Config& config_;
  Ledger& ledger_;
};

}  // namespace

json::object export_envoy(const config::Config& config, Ledger& ledger) {
  return EnvoyExport{config, ledger}.run();
}

}  // namespace switchgear::interop
