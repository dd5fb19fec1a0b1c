#include "app/interop/envoy_cluster_export.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <cmath>
#include <string>

#include "app/interop/ejection_differences.hpp"
#include "app/interop/envoy_health.hpp"
#include "app/interop/name_lookups.hpp"
#include "app/interop/pool_limits.hpp"
#include "app/interop/upstream_tls.hpp"
#include "app/interop/values.hpp"
#include "app/interop/written_weights.hpp"
#include "switchgear/config/address.hpp"

namespace switchgear::interop {

namespace json = boost::json;
using instances::Balance;

namespace {

/// Writes `outlier_detection`, rule by rule.
class Outliers {
 public:
  Outliers(const ExportedService& exported, Ledger& ledger)
      : exported_(exported), options_(*exported.service.ejection), ledger_(ledger) {}

  json::object write() {
    row("consecutive_5xx", options_.consecutive_5xx, "consecutive_5xx");
    row("consecutive_gateway", options_.consecutive_gateway, "consecutive_gateway_failure");
    if (options_.local_errors == instances::LocalErrors::apart) {
      object_["split_external_local_origin_errors"] = true;
      ledger_.carried(at("local_errors"), "outlier_detection.split_external_local_origin_errors");
      row("consecutive_local", options_.consecutive_local, "consecutive_local_origin_failure");
    } else if (options_.consecutive_local) {
      ledger_.none(at("consecutive_local"), "Envoy counts them only with local_errors: apart");
    }
    success_rate();
    failure_percentage();
    object_["interval"] = seconds_text(options_.interval);
    object_["base_ejection_time"] = seconds_text(options_.base);
    object_["max_ejection_time"] = seconds_text(options_.max);
    object_["max_ejection_time_jitter"] = seconds_text(options_.jitter);
    ledger_.carried(at("jitter"), "outlier_detection.max_ejection_time_jitter");
    object_["max_ejection_percent"] = max_ejected_percent(exported_, ledger_);
    object_["always_eject_one_host"] = options_.always_one;
    ledger_.carried(at("always_one"), "outlier_detection.always_eject_one_host");
    report_differences(exported_, EjectionOf::envoy, ledger_);
    return std::move(object_);
  }

 private:
  [[nodiscard]] std::string at(std::string_view key) const {
    return exported_.at("ejection." + std::string(key));
  }
  void share(const std::string& key, double value, std::string_view name) {
    object_[name] = whole_percent(value, at(key), "outlier_detection." + std::string(name), ledger_);
  }
  void count(std::string_view key, std::uint32_t value, std::string_view name) {
    object_[name] = value;
    ledger_.carried(at(key), "outlier_detection." + std::string(name));
  }

  void row(const std::string& key, const std::optional<instances::ConsecutiveRule>& rule,
           const std::string& name) {
    const std::string enforcing = "enforcing_" + name;
    count(key, rule ? rule->count : 0, name);  // 0 is off
    if (!rule) return;
    share(key + ".enforce", rule->enforce, enforcing);
  }

  void off(const std::string& key, std::initializer_list<std::string> enforcing) {
    for (const std::string& name : enforcing) object_[name] = 0;
    ledger_.approximated(at(key), "outlier_detection." + *enforcing.begin(),
                         "findings are observed, and none ejects");
  }

  void success_rate() {
    const auto& rule = options_.success_rate;
    if (!rule) return off("success_rate", {"enforcing_success_rate", "enforcing_local_origin_success_rate"});
    count("success_rate.minimum_hosts", rule->minimum_hosts, "success_rate_minimum_hosts");
    count("success_rate.volume", rule->volume, "success_rate_request_volume");
    const double factor = std::round(rule->stdev * 1000);
    object_["success_rate_stdev_factor"] = static_cast<std::uint32_t>(factor);
    if (factor / 1000 == rule->stdev) {
      ledger_.carried(at("success_rate.stdev"), "outlier_detection.success_rate_stdev_factor");
    } else {
      ledger_.approximated(at("success_rate.stdev"), "outlier_detection.success_rate_stdev_factor",
                           "in thousandths");
    }
    share("success_rate.enforce", rule->enforce, "enforcing_success_rate");
    share("success_rate.enforce_local", rule->enforce_local, "enforcing_local_origin_success_rate");
  }

  void failure_percentage() {
    const auto& rule = options_.failure_percentage;
    if (!rule)
      return off("failure_percentage",
                 {"enforcing_failure_percentage", "enforcing_failure_percentage_local_origin"});
    count("failure_percentage.minimum_hosts", rule->minimum_hosts, "failure_percentage_minimum_hosts");
    count("failure_percentage.volume", rule->volume, "failure_percentage_request_volume");
    share("failure_percentage.threshold", rule->threshold, "failure_percentage_threshold");
    share("failure_percentage.enforce", rule->enforce, "enforcing_failure_percentage");
    share("failure_percentage.enforce_local", rule->enforce_local,
          "enforcing_failure_percentage_local_origin");
  }

  const ExportedService& exported_;
  const instances::EjectionOptions& options_;
  Ledger& ledger_;
  json::object object_;
};

/// Those that are the reserve of others have a lower priority.
json::array endpoints_of(const ExportedService& exported, Ledger& ledger) {
  json::array endpoints;
  json::array reserve;
  const auto weights = written_weights(exported, "load_balancing_weight", "priority", ledger);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    json::object endpoint{{"endpoint", {{"address", envoy_address(exported.service.upstreams[i].at)}}}};
    if (weights[i] > 1) endpoint["load_balancing_weight"] = weights[i];
    (weights[i] == 0 ? reserve : endpoints).push_back(std::move(endpoint));
  }
  ledger.carried(exported.at("upstreams"), "load_assignment");
  json::array localities{json::value(json::object{{"lb_endpoints", std::move(endpoints)}})};
  if (!reserve.empty())
    localities.push_back(json::object{{"priority", 1}, {"lb_endpoints", std::move(reserve)}});
  return localities;
}

json::object thresholds_of(const ExportedService& exported, Ledger& ledger) {
  const config::PoolOptions& pool = exported.service.pool;
  const bool several = exported.service.upstreams.size() > 1;
  json::object thresholds{
      {"max_connections", several ? no_limit : exported.all(pool.max_connections)},
      {"max_pending_requests", exported.all(pool.max_waiting)},
      {"max_requests", exported.policy.bulkhead ? exported.policy.bulkhead->max_concurrent : no_limit},
      {"max_retries", no_limit}};
  ledger.carried(exported.at("connections.max"), "circuit_breakers");
  ledger.carried(exported.at("connections.max_waiting"), "circuit_breakers.thresholds.max_pending_requests");
  if (exported.policy.bulkhead)
    ledger.carried(exported.policy_at("bulkhead.max_concurrent"), "circuit_breakers.thresholds.max_requests");
  if (exported.policy.retry && exported.policy.retry_budget) {
    const BudgetInFlight budget =
        budget_in_flight(exported, "circuit_breakers.thresholds.retry_budget", ledger);
    thresholds["retry_budget"] = json::object{{"budget_percent", {{"value", budget.percent}}},
                                              {"min_retry_concurrency", budget.least}};
  }
  json::object breakers;
  breakers["thresholds"] = json::array{json::value(std::move(thresholds))};
  if (several) {
    breakers["per_host_thresholds"] = json::array{json::value(
        json::object{{"max_connections", std::uint64_t{pool.max_connections} * exported.threads}})};
  }
  return breakers;
}

void add_balance(const ExportedService& exported, json::object& cluster, json::object& common,
                 Ledger& ledger) {
  const instances::BalanceOptions& balance = exported.service.balance;
  if (balance.method == Balance::hash) {
    cluster["lb_policy"] = "RING_HASH";
    ledger.approximated(exported.at("balance.hash.header"), "lb_policy, hash_policy",
                        "keys stay at their instances, but at others");
    if (balance.bound == unbounded) return;
    common["consistent_hashing_lb_config"] =
        json::object{{"hash_balance_factor", static_cast<std::uint32_t>(std::round(balance.bound * 100))}};
    ledger.carried(exported.at("balance.hash.bound"), "common_lb_config.consistent_hashing_lb_config");
    return;
  }
  const bool round_robin = balance.method == Balance::round_robin;
  cluster["lb_policy"] = round_robin ? "ROUND_ROBIN" : "LEAST_REQUEST";
  ledger.carried(exported.at("balance"), "lb_policy");
  if (balance.slow_start == Duration::zero()) return;
  json::object slow_start{{"slow_start_window", seconds_text(balance.slow_start)},
                          {"min_weight_percent", {{"value", percent_of(balance.slow_start_from)}}}};
  cluster[round_robin ? "round_robin_lb_config" : "least_request_lb_config"] =
      json::object{{"slow_start_config", std::move(slow_start)}};
  ledger.carried(exported.at("balance.slow_start"), "slow_start_config");
}

}  // namespace

json::object envoy_address(const config::Endpoint& at) {
  if (config::is_unix(at)) return {{"pipe", {{"path", at.host.substr(config::unix_scheme.size())}}}};
  return {{"socket_address", {{"address", at.host}, {"port_value", at.port}}}};
}

json::object envoy_cluster(const ExportedService& exported, std::string_view name, Ledger& ledger) {
  const config::Service& service = exported.service;
  json::object cluster{{"name", name}, {"connect_timeout", seconds_text(service.pool.connect_timeout)}};
  export_lookups(exported, cluster, ledger);
  ledger.carried(exported.at("connections.connect_timeout"), "connect_timeout");
  json::object common;
  add_balance(exported, cluster, common, ledger);
  json::object assignment{{"cluster_name", name}, {"endpoints", endpoints_of(exported, ledger)}};
  if (service.ejection && service.ejection->panic > most_panic())
    assignment["policy"] = json::object{{"overprovisioning_factor", 100}};  // or it would not panic so early
  cluster["load_assignment"] = std::move(assignment);
  cluster["circuit_breakers"] = thresholds_of(exported, ledger);
  if (service.ejection) {
    cluster["outlier_detection"] = Outliers{exported, ledger}.write();
    common["healthy_panic_threshold"] = json::object{{"value", percent_of(service.ejection->panic)}};
    ledger.carried(exported.at("ejection.panic"), "common_lb_config.healthy_panic_threshold");
  }
  if (service.upstreams.front().tls) cluster["transport_socket"] = envoy_tls(exported, ledger);
  if (service.health_check)
    cluster["health_checks"] = json::array{json::value(envoy_health_check(exported, ledger))};
  if (!common.empty()) cluster["common_lb_config"] = std::move(common);
  json::object protocol{{"idle_timeout", seconds_text(service.pool.idle_timeout)}};
  export_connection_age(exported, "max_connection_duration",
                        "common_http_protocol_options.max_connection_duration", protocol, ledger);
  cluster["typed_extension_protocol_options"] = json::object{
      {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
       json::object{{"@type", "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions"},
                    {"common_http_protocol_options", std::move(protocol)},
                    {"explicit_http_config", json::object{{"http_protocol_options", json::object{}}}}}}};
  ledger.carried(exported.at("connections.idle_timeout"), "common_http_protocol_options.idle_timeout");
  return cluster;
}

}  // namespace switchgear::interop
