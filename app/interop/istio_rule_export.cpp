#include "app/interop/istio_rule_export.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "app/interop/ejection_differences.hpp"
#include "app/interop/name_lookups.hpp"
#include "app/interop/pool_limits.hpp"
#include "app/interop/upstream_tls.hpp"
#include "app/interop/values.hpp"

namespace switchgear::interop {

namespace json = boost::json;
using instances::Balance;

namespace {

json::object balancer_of(const ExportedService& exported, Ledger& ledger) {
  const instances::BalanceOptions& balance = exported.service.balance;
  json::object balancer;
  if (balance.method == Balance::hash) {
    balancer["consistentHash"] = json::object{{"httpHeaderName", exported.service.balance_header}};
    ledger.approximated(exported.at("balance.hash.header"), "loadBalancer.consistentHash.httpHeaderName",
                        "keys stay at their instances, but at others");
    if (balance.bound != unbounded)
      ledger.none(exported.at("balance.hash.bound"), "a hash of Istio's has no bound");
    return balancer;
  }
  balancer["simple"] = balance.method == Balance::round_robin ? "ROUND_ROBIN" : "LEAST_REQUEST";
  ledger.carried(exported.at("balance"), "loadBalancer.simple");
  if (balance.slow_start == Duration::zero()) return balancer;
  balancer["warmup"] = json::object{{"duration", seconds_text(balance.slow_start)},
                                    {"minimumPercent", percent_of(balance.slow_start_from)}};
  ledger.carried(exported.at("balance.slow_start"), "loadBalancer.warmup");
  return balancer;
}

json::object pool_of(const ExportedService& exported, Ledger& ledger) {
  const config::PoolOptions& pool = exported.service.pool;
  json::object http{{"http1MaxPendingRequests", std::max<std::uint64_t>(exported.all(pool.max_waiting), 1)},
                    {"idleTimeout", seconds_text(pool.idle_timeout)}};
  if (pool.max_waiting > 0) {
    ledger.carried(exported.at("connections.max_waiting"), "connectionPool.http.http1MaxPendingRequests");
  } else {
    ledger.approximated(exported.at("connections.max_waiting"), "connectionPool.http.http1MaxPendingRequests",
                        "at least 1");
  }
  if (exported.policy.bulkhead) {
    http["http2MaxRequests"] = exported.policy.bulkhead->max_concurrent;
    ledger.carried(exported.policy_at("bulkhead.max_concurrent"), "connectionPool.http.http2MaxRequests");
  }
  ledger.carried(exported.at("connections.max"), "connectionPool.tcp.maxConnections");
  ledger.carried(exported.at("connections.connect_timeout"), "connectionPool.tcp.connectTimeout");
  ledger.carried(exported.at("connections.idle_timeout"), "connectionPool.http.idleTimeout");
  json::object tcp{{"maxConnections", exported.all(pool.max_connections)},
                   {"connectTimeout", seconds_text(pool.connect_timeout)}};
  export_connection_age(exported, "maxConnectionDuration", "connectionPool.tcp.maxConnectionDuration", tcp,
                        ledger);
  if (exported.service.dns_refresh && has_name(exported.service))
    ledger.none(exported.at("dns.refresh"), "dnsRefreshRate of the mesh says how often names are looked up");
  return {{"tcp", std::move(tcp)}, {"http", std::move(http)}};
}

class Outliers {
 public:
  Outliers(const ExportedService& exported, Ledger& ledger)
      : exported_(exported), options_(*exported.service.ejection), ledger_(ledger) {}

  json::object write() {
    const instances::ConsecutiveRule not_enforced{5, 0};
    row("consecutive_5xx", options_.consecutive_5xx, "consecutive5xxErrors");
    if (options_.consecutive_gateway != not_enforced)
      row("consecutive_gateway", options_.consecutive_gateway, "consecutiveGatewayErrors");
    if (options_.local_errors == instances::LocalErrors::apart) {
      object_["splitExternalLocalOriginErrors"] = true;
      ledger_.carried(at("local_errors"), "outlierDetection.splitExternalLocalOriginErrors");
      row("consecutive_local", options_.consecutive_local, "consecutiveLocalOriginFailures");
    } else if (options_.consecutive_local) {
      none("consecutive_local", "Istio counts them only with local_errors: apart");
    }
    if (options_.success_rate) none("success_rate", "Istio has no rules of rates");
    if (options_.failure_percentage) none("failure_percentage", "Istio has no rules of rates");
    object_["interval"] = seconds_text(options_.interval);
    object_["baseEjectionTime"] = seconds_text(options_.base);
    if (options_.max != std::max(instances::EjectionOptions{}.max, options_.base))
      none("max", "an ejection of Istio's lasts up to 300s, or as long as the first");
    if (options_.jitter != Duration::zero()) none("jitter", "Istio has none");
    if (options_.always_one) none("always_one", "Istio has none");
    object_["maxEjectionPercent"] = max_ejected_percent(exported_, ledger_);
    object_["minHealthPercent"] =
        whole_percent(options_.panic, at("panic"), "outlierDetection.minHealthPercent", ledger_);
    if (options_.panic > most_panic())
      ledger_.approximated(at("panic"), "outlierDetection.minHealthPercent", panic_is_bounded);
    report_differences(exported_, EjectionOf::istio, ledger_);
    return std::move(object_);
  }

 private:
  [[nodiscard]] std::string at(std::string_view key) const {
    return exported_.at("ejection." + std::string(key));
  }
  void none(std::string_view key, std::string_view why) { ledger_.none(at(key), why); }

  /// 0 is off.
  void row(std::string_view key, const std::optional<instances::ConsecutiveRule>& rule,
           std::string_view name) {
    const bool on = rule && rule->enforce > 0;
    object_[name] = on ? rule->count : 0;
    const std::string to = "outlierDetection." + std::string(name);
    if (!rule || rule->enforce == 1) return ledger_.carried(at(key), to);
    ledger_.approximated(at(key), to, on ? "every finding ejects" : "off: findings are not observed");
  }

  const ExportedService& exported_;
  const instances::EjectionOptions& options_;
  Ledger& ledger_;
  json::object object_;
};

}  // namespace

json::object istio_traffic_policy(const ExportedService& exported, Ledger& ledger) {
  json::object policy{{"loadBalancer", balancer_of(exported, ledger)},
                      {"connectionPool", pool_of(exported, ledger)}};
  if (exported.service.upstreams.front().tls) policy["tls"] = istio_tls(exported, ledger);
  if (exported.service.ejection) policy["outlierDetection"] = Outliers{exported, ledger}.write();
  if (exported.policy.retry && exported.policy.retry_budget) {
    const BudgetInFlight budget = budget_in_flight(exported, "retryBudget", ledger);
    policy["retryBudget"] = json::object{{"percent", budget.percent}, {"minRetryConcurrency", budget.least}};
  }
  return policy;
}

}  // namespace switchgear::interop
