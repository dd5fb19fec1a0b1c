// The writer of policy files: what differs from the defaults, in the order of docs/configuration.md.
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cstdio>
#include <variant>

#include "app/interop/imported.hpp"
#include "app/interop/name_lookups.hpp"
#include "app/interop/policy_text.hpp"
#include "switchgear/config/address.hpp"
#include "switchgear/config/duration.hpp"

namespace switchgear::interop {

namespace json = boost::json;
using config::format_duration;

std::string encoded_path(std::string_view path) {
  constexpr std::string_view as_it_is =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/";
  std::string text;
  for (const char letter : path) {
    if (as_it_is.find(letter) != std::string_view::npos) {
      text += letter;
      continue;
    }
    std::array<char, 4> escaped{};
    std::snprintf(escaped.data(), escaped.size(), "%%%02X", static_cast<unsigned char>(letter));
    text += escaped.data();
  }
  return text;
}

namespace {

/// Writes keys whose value differs from the default.
class Keys {
 public:
  template <class T>
  void add(std::string_view key, const T& value, const T& usual) {
    if (value != usual) object_[key] = json_of(value);
  }
  template <class T>
  void always(std::string_view key, T&& value) {
    object_[key] = json::value(std::forward<T>(value));
  }
  [[nodiscard]] json::object take() { return std::move(object_); }

 private:
  static json::value json_of(Duration value) { return json::value(format_duration(value)); }
  static json::value json_of(bool value) { return value; }
  static json::value json_of(double value) { return value; }
  static json::value json_of(std::uint32_t value) { return value; }
  static json::value json_of(std::uint64_t value) { return value; }

  json::object object_;
};

json::array statuses(const config::StatusRanges& ranges) {
  json::array list;
  for (const auto& [first, last] : ranges) {
    if (first == last) {
      list.emplace_back(first);
    } else {
      list.emplace_back(std::to_string(first) + "-" + std::to_string(last));
    }
  }
  return list;
}

json::object written(const config::Policy& policy) {
  Keys keys;
  if (policy.timeout) keys.always("timeout", format_duration(*policy.timeout));
  if (policy.deadline) keys.always("deadline", format_duration(*policy.deadline));
  if (policy.retry) {
    const RetryOptions usual;
    Keys retry;
    retry.always("max_attempts", policy.retry->max_attempts);
    retry.add("base", policy.retry->base, usual.base);
    retry.add("max_delay", policy.retry->max_delay, usual.max_delay);
    if (policy.retry->honor_retry_after != usual.honor_retry_after)
      retry.always("honor_retry_after",
                   json::object{{"max", format_duration(policy.retry->honor_retry_after.max)}});
    if (policy.retry_status) retry.always("status", statuses(*policy.retry_status));
    if (policy.retry_budget) {
      const RetryBudgetOptions& budget = *policy.retry_budget;
      retry.always("budget", json::object{{"mode", to_string(budget.mode)},
                                          {"ratio", budget.ratio},
                                          {"min_concurrency", budget.min_concurrency}});
    }
    keys.always("retry", retry.take());
  }
  if (policy.hedge) {
    keys.always("hedge", json::object{{"delay", format_duration(std::get<Duration>(policy.hedge->delay))},
                                      {"max_hedges", policy.hedge->max_hedges}});
  }
  if (policy.failure_when.status != config::FailureWhen{}.status)
    keys.always("failure_when", json::object{{"status", statuses(policy.failure_when.status)}});
  if (policy.admission) {
    const AdmissionControlOptions usual;
    Keys admission;
    admission.add("success_rate", policy.admission->success_rate, usual.success_rate);
    admission.add("aggression", policy.admission->aggression, usual.aggression);
    admission.add("window", policy.admission->window, usual.window);
    admission.add("max_rejection", policy.admission->max_rejection, usual.max_rejection);
    admission.add("min_per_second", policy.admission->min_per_second, usual.min_per_second);
    keys.always("admission", admission.take());
  }
  if (policy.bulkhead)
    keys.always("bulkhead", json::object{{"max_concurrent", policy.bulkhead->max_concurrent}});
  if (policy.chaos) {
    const ChaosOptions& chaos = *policy.chaos;
    json::object object{{"enabled", chaos.enabled}};
    if (chaos.fail.probability > 0)
      object["fail"] = json::object{{"probability", chaos.fail.probability}, {"type", "http_error"}};
    if (chaos.delay.probability > 0)
      object["delay"] =
          json::object{{"probability", chaos.delay.probability}, {"min", format_duration(chaos.delay.min)}};
    keys.always("chaos", std::move(object));
  }
  return keys.take();
}

/// A rule that the file does not name keeps its default.
void add_row(Keys& keys, std::string_view name, const std::optional<instances::ConsecutiveRule>& rule,
             const std::optional<instances::ConsecutiveRule>& usual) {
  if (rule == usual) return;
  if (!rule) return keys.always(name, false);
  if (rule->enforce == 1) return keys.always(name, rule->count);
  keys.always(name, json::object{{"count", rule->count}, {"enforce", rule->enforce}});
}

template <class Rule>
void add_rate(Keys& keys, std::string_view name, std::string_view limit, double Rule::*limit_of,
              const std::optional<Rule>& rule, const std::optional<Rule>& usual) {
  if (rule == usual) return;
  if (!rule) return keys.always(name, false);
  Keys rate;
  rate.add(limit, (*rule).*limit_of, Rule{}.*limit_of);
  rate.add("minimum_hosts", rule->minimum_hosts, Rule{}.minimum_hosts);
  rate.add("volume", rule->volume, Rule{}.volume);
  rate.add("enforce", rule->enforce, 1.0);  // the default of a rule that is named
  rate.add("enforce_local", rule->enforce_local, 1.0);
  keys.always(name, rate.take());
}

json::object written(const instances::EjectionOptions& options) {
  const instances::EjectionOptions usual;
  Keys keys;
  add_row(keys, "consecutive_5xx", options.consecutive_5xx, usual.consecutive_5xx);
  add_row(keys, "consecutive_gateway", options.consecutive_gateway, usual.consecutive_gateway);
  add_row(keys, "consecutive_local", options.consecutive_local, usual.consecutive_local);
  if (options.local_errors != usual.local_errors) keys.always("local_errors", "apart");
  add_rate(keys, "success_rate", "stdev", &instances::SuccessRateRule::stdev, options.success_rate,
           usual.success_rate);
  add_rate(keys, "failure_percentage", "threshold", &instances::FailurePercentageRule::threshold,
           options.failure_percentage, usual.failure_percentage);
  keys.add("interval", options.interval, usual.interval);
  keys.add("base", options.base, usual.base);
  keys.add("max", options.max, std::max(usual.max, options.base));
  keys.add("jitter", options.jitter, usual.jitter);
  keys.add("max_ejected", options.max_ejected, usual.max_ejected);
  keys.add("always_one", options.always_one, usual.always_one);
  keys.add("panic", options.panic, usual.panic);
  return keys.take();
}

json::value written(const instances::BalanceOptions& options, const std::string& header) {
  const instances::BalanceOptions usual;
  Keys keys;
  if (options.method == instances::Balance::hash) {
    Keys hash;
    hash.always("header", header);
    hash.add("bound", options.bound, usual.bound);
    keys.always("hash", hash.take());
    return keys.take();
  }
  const std::string_view method =
      options.method == instances::Balance::round_robin ? "round_robin" : "least_requests";
  if (options.slow_start == Duration::zero()) return json::value(method);
  keys.always("method", method);
  keys.add("slow_start", options.slow_start, usual.slow_start);
  keys.add("slow_start_from", options.slow_start_from, usual.slow_start_from);
  return keys.take();
}

json::object written(const config::PoolOptions& pool) {
  const config::PoolOptions usual;
  Keys keys;
  keys.add("max", pool.max_connections, usual.max_connections);
  keys.add("max_waiting", pool.max_waiting, usual.max_waiting);
  keys.add("idle_timeout", pool.idle_timeout, usual.idle_timeout);
  keys.add("connect_timeout", pool.connect_timeout, usual.connect_timeout);
  return keys.take();
}

json::object written(const health::HttpCheck& check) {
  const health::HttpCheck usual;
  Keys keys;
  keys.always("path", check.path);
  if (check.method != usual.method) keys.always("method", check.method);
  if (!check.host.empty()) keys.always("host", check.host);
  if (check.status != usual.status) keys.always("expect", json::object{{"status", statuses(check.status)}});
  return keys.take();
}

json::object written(const health::CheckOptions& check) {
  const health::WatchOptions usual;
  const health::WatchOptions& watch = check.watch;
  Keys keys;
  if (const auto* http = std::get_if<health::HttpCheck>(&check.how)) {
    keys.always("http", written(*http));
  } else {
    keys.always("tcp", json::object{});
  }
  if (check.port) keys.always("port", *check.port);
  keys.add("interval", watch.interval, usual.interval);
  keys.add("jitter", watch.jitter, usual.jitter);
  keys.add("timeout", watch.timeout, usual.timeout);
  keys.add("unhealthy", watch.rows.unhealthy, usual.rows.unhealthy);
  keys.add("healthy", watch.rows.healthy, usual.rows.healthy);
  if (watch.no_traffic_interval && *watch.no_traffic_interval != watch.interval)
    keys.always("no_traffic_interval", format_duration(*watch.no_traffic_interval));
  return keys.take();
}

json::object written(const ImportedTls& tls) {
  json::object keys;
  if (!tls.ca.empty()) keys["ca"] = tls.ca;
  if (!tls.server_name.empty()) keys["server_name"] = tls.server_name;
  if (!tls.certificate.empty()) keys["certificate"] = tls.certificate;
  if (!tls.key.empty()) keys["key"] = tls.key;
  if (!tls.verified) keys["verify"] = "none";
  return keys;
}

json::object written(const ImportedService& imported) {
  const config::Service& service = imported.service;
  const auto url_of = [&](const config::Upstream& upstream) {
    if (config::is_unix(upstream.at)) return config::text_of(upstream.at);
    return (imported.tls ? "https://" : "http://") + config::text_of(upstream.at) + service.base_path;
  };
  Keys keys;
  if (service.upstreams.size() == 1) {
    keys.always("url", url_of(service.upstreams.front()));
  } else {
    json::array list;
    for (const config::Upstream& upstream : service.upstreams) {
      json::object item{{"url", url_of(upstream)}};
      if (upstream.weight != 1) item["weight"] = upstream.weight;
      list.push_back(std::move(item));
    }
    keys.always("upstreams", std::move(list));
  }
  if (json::object dns = written_lookups(service); !dns.empty()) keys.always("dns", std::move(dns));
  if (imported.tls) {
    if (json::object tls = written(*imported.tls); !tls.empty()) keys.always("tls", std::move(tls));
  }
  keys.always("policy", service.policy);
  if (service.balance != instances::BalanceOptions{} || service.upstreams.size() > 1)
    keys.always("balance", written(service.balance, service.balance_header));
  if (service.ejection) keys.always("ejection", written(*service.ejection));
  if (json::object pool = written(service.pool); !pool.empty()) keys.always("connections", std::move(pool));
  if (service.health_check) keys.always("health_check", written(*service.health_check));
  json::array routes;
  for (const config::Route& route : service.routes) routes.push_back(written_route(route));
  keys.always("routes", std::move(routes));
  return keys.take();
}

/// `${` would be read from the environment.
void escape_variables(json::value& value) {
  if (auto* object = value.if_object()) {
    for (auto& [key, inner] : *object) escape_variables(inner);
  } else if (auto* array = value.if_array()) {
    for (json::value& inner : *array) escape_variables(inner);
  } else if (auto* text = value.if_string()) {
    for (std::size_t at = text->find("${"); at != json::string::npos; at = text->find("${", at + 3))
      text->insert(at, "$");
  }
}

}  // namespace

json::object written_route(const config::Route& route) {
  Keys keys;
  if (!route.host.empty()) keys.always("host", route.host);
  keys.always(route.match == config::Route::Match::exact ? "path" : "prefix", encoded_path(route.path));
  if (!route.methods.empty()) keys.always("methods", json::array(route.methods.begin(), route.methods.end()));
  if (!route.headers.empty()) {
    json::object headers;
    for (const auto& [name, value] : route.headers) headers[name] = value;
    keys.always("headers", std::move(headers));
  }
  if (route.strip_prefix) keys.always("strip_prefix", true);
  if (route.rewrite) keys.always("rewrite", route.rewrite->to + (route.rewrite->keeps_path ? "{path}" : ""));
  if (!route.upgrade.empty()) keys.always("upgrade", json::array(route.upgrade.begin(), route.upgrade.end()));
  return keys.take();
}

json::object policy_file(const Imported& imported) {
  json::object policies;
  json::object services;
  for (const ImportedService& each : imported.services) {
    policies[each.policy.name] = written(each.policy);
    services[each.service.name] = written(each);
  }
  json::value file = json::object{{"version", 1}};
  if (imported.listen != config::GatewayOptions{}.listen.front().at)
    file.get_object()["gateway"] = json::object{{"listen", config::text_of(imported.listen)}};
  file.get_object()["policies"] = std::move(policies);
  file.get_object()["services"] = std::move(services);
  escape_variables(file);
  return std::move(file.get_object());
}

}  // namespace switchgear::interop
