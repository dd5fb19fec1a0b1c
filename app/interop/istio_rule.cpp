#include "app/interop/istio_rule.hpp"

#include <algorithm>
#include <array>

#include "app/interop/ejection_differences.hpp"
#include "app/interop/name_lookups.hpp"
#include "app/interop/pool_limits.hpp"
#include "app/interop/upstream_tls.hpp"
#include "app/interop/values.hpp"

namespace switchgear::interop {

using instances::Balance;
using std::chrono::hours;
using std::chrono::seconds;

namespace {

void import_hash(const Value& value, ImportedService& service, Ledger& ledger) {
  config::Service& into = service.service;
  Fields hash(value, ledger);
  if (const auto header = hash.find("httpHeaderName")) {
    if (take_hash_header(*header, service, ledger)) into.balance.bound = unbounded;
  }
  hash.none({"httpCookie", "useSourceIp", "httpQueryParameterName"}, "instances are chosen by a header only");
  hash.none({"ringHash", "maglev", "minimumRingSize"}, "keys are placed without a ring or a table");
  hash.finish();
}

void import_warmup(Fields& balancer, ImportedService& service) {
  instances::BalanceOptions& into = service.service.balance;
  const std::string to = service.at("balance.slow_start");
  if (into.method == Balance::hash) {
    balancer.none({"warmup", "warmupDurationSecs"}, "a hash has no slow start, which would move keys");
    return;
  }
  balancer.take("warmupDurationSecs", read_length, into.slow_start, to);
  if (const auto value = balancer.find("warmup")) {
    Fields warmup(*value, balancer.ledger());
    warmup.take("duration", read_length, into.slow_start, to);
    take_slow_start_from(warmup, "minimumPercent", service);
    take_linear("aggression", warmup);
    warmup.finish();
  }
}

void import_load_balancer(const Value& value, ImportedService& service, Ledger& ledger) {
  config::Service& into = service.service;
  const std::string to = service.at("balance");
  Fields balancer(value, ledger);
  const auto simple = balancer.find("simple");
  const std::string method = simple ? read_text(*simple).value_or("") : "";
  if (method == "ROUND_ROBIN") {
    into.balance.method = Balance::round_robin;
    ledger.carried(*simple, to);
  } else if (method == "LEAST_REQUEST" || method == "LEAST_CONN" || method == "UNSPECIFIED") {
    ledger.carried(*simple, to);
  } else if (method == "RANDOM") {
    ledger.approximated(*simple, to, "of two instances drawn at random, the one with fewer calls");
  } else if (simple) {
    ledger.none(*simple, "least_requests is used");
  }
  if (const auto hash = balancer.find("consistentHash")) import_hash(*hash, service, ledger);
  import_warmup(balancer, service);
  balancer.none({"localityLbSetting", "zoneAwareLbSetting"}, "instances have no locality");
  balancer.finish();
}

void import_pool(const Value& value, ImportedService& service, Ledger& ledger) {
  config::PoolOptions& pool = service.service.pool;
  Fields settings(value, ledger);
  Fields tcp(settings.section("tcp"), ledger);
  Fields http(settings.section("http"), ledger);
  settings.finish();

  take_pool_limit(tcp, "maxConnections", PoolLimit::connections, no_limit, service);
  take_pool_length(tcp, "connectTimeout", pool.connect_timeout, service.at("connections.connect_timeout"),
                   {seconds{10}, "10s"});
  take_connection_age(tcp, "maxConnectionDuration", service);
  tcp.none("tcpKeepalive", "the system's keep-alive is not changed");
  tcp.none("idleTimeout", "of TCP; connections.idle_timeout is of HTTP");
  tcp.finish();

  take_pool_limit(http, "http1MaxPendingRequests", PoolLimit::waiting, no_limit, service);
  take_bulkhead(http, "http2MaxRequests", no_limit, service);
  take_pool_length(http, "idleTimeout", pool.idle_timeout, service.at("connections.idle_timeout"),
                   {hours{1}, "1h"});
  http.none("maxRequestsPerConnection", "connections are used until they are idle for idle_timeout");
  take_max_retries(http, "maxRetries", no_limit, service);
  http.none({"h2UpgradePolicy", "useClientProtocol", "maxConcurrentStreams", "http2KeepAlive"},
            "the gateway speaks HTTP/1.1");
  http.finish();
}

/// 0 turns a rule off.
bool take_row(Fields& rules, std::string_view name, std::optional<instances::ConsecutiveRule>& rule,
              const std::string& to) {
  std::uint64_t count = 0;
  if (!rules.take(name, read_count, count, to)) return false;
  rule.reset();
  if (count > 0)
    rule.emplace().count = static_cast<std::uint32_t>(std::min<std::uint64_t>(count, most_in_a_row));
  return true;
}

void import_outliers(const Value& value, ImportedService& service, Ledger& ledger) {
  instances::EjectionOptions& into = service.service.ejection.emplace();
  into.success_rate.reset();  // Istio has no rules of rates
  into.failure_percentage.reset();
  into.consecutive_local.reset();
  Fields rules(value, ledger);
  take_row(rules, "consecutive5xxErrors", into.consecutive_5xx, service.at("ejection.consecutive_5xx"));
  const std::string gateway = service.at("ejection.consecutive_gateway");
  take_row(rules, "consecutiveErrors", into.consecutive_gateway, gateway);
  take_row(rules, "consecutiveGatewayErrors", into.consecutive_gateway, gateway);

  bool apart = false;
  rules.take("splitExternalLocalOriginErrors", read_truth, apart, service.at("ejection.local_errors"));
  if (apart) {
    into.local_errors = instances::LocalErrors::apart;
    into.consecutive_local.emplace();
    take_row(rules, "consecutiveLocalOriginFailures", into.consecutive_local,
             service.at("ejection.consecutive_local"));
  } else {
    rules.none("consecutiveLocalOriginFailures", "has no effect without splitExternalLocalOriginErrors");
  }
  const auto read = [&rules](std::string_view name, const auto& reader, auto& taken) {
    const auto field = rules.find(name);
    if (const auto got = field ? reader(*field) : std::nullopt) taken = *got;
  };
  read("interval", read_interval, into.interval);
  read("baseEjectionTime", read_interval, into.base);
  into.max = std::max(into.max, into.base);
  read("maxEjectionPercent", read_percent, into.max_ejected);
  report_differences(rules, EjectionOf::istio, service);
  if (rules.find("minHealthPercent")) {
    take_panic(rules, "minHealthPercent", most_panic(), service);
  } else {
    into.panic = 0;
    rules.absent("minHealthPercent", service.at("ejection.panic"),
                 "0%: ejections hold however many instances are out");
  }
  rules.none("outlierDetectionHttpErrorCodes", "the rules count the statuses 500 to 599");
  rules.finish();
}

/// The settings of a port stand in place of all others.
Value for_port(const Value& policy, std::uint16_t port, Ledger& ledger) {
  Fields top(policy, ledger);
  Value chosen = policy;
  const auto list = top.find("portLevelSettings");
  if (!list) return chosen;
  for (const Value& item : config::items(*list, "[{port: {number: 80}}]")) {
    Fields settings(item, ledger);
    Fields its_port(settings.section("port"), ledger);
    const auto number = its_port.find("number");
    if (number && read_count(*number) == std::optional<std::uint64_t>{port}) {
      chosen = item;
    } else {
      ledger.none(item, "no route goes to this port");
    }
  }
  return chosen;
}

}  // namespace

void import_traffic_policy(const Value& policy, std::uint16_t port, ImportedService& service,
                           Ledger& ledger) {
  const Value chosen = for_port(policy, port, ledger);
  Fields fields(chosen, ledger);
  fields.ignore({"port", "portLevelSettings"});
  import_load_balancer(fields.section("loadBalancer"), service, ledger);
  if (const auto value = fields.find("retryBudget")) import_retry_budget(*value, service, ledger);
  import_pool(fields.section("connectionPool"), service, ledger);
  if (const auto outliers = fields.find("outlierDetection")) import_outliers(*outliers, service, ledger);
  if (const auto value = fields.find("tls")) import_istio_tls(*value, service, ledger);
  fields.none({"tunnel", "proxyProtocol"}, "connections go to the instances directly");
  if (chosen.node != policy.node) {
    Fields top(policy, ledger);
    top.ignore({"portLevelSettings"});
    top.none({"loadBalancer", "connectionPool", "outlierDetection", "tls", "retryBudget", "tunnel",
              "proxyProtocol"},
             "the settings of the port stand in its place");
    top.finish();
  }
  fields.finish();
}

}  // namespace switchgear::interop
