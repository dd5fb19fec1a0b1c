// services: what stands behind the gateway, by which paths it is reached, which policy guards it.
#include <algorithm>
#include <set>
#include <vector>

#include "switchgear/analysis/breaker_outlook.hpp"
#include "switchgear/config/address.hpp"
#include "switchgear/config/agent_section.hpp"
#include "switchgear/config/duration.hpp"
#include "switchgear/config/experiment_section.hpp"
#include "switchgear/config/header_name.hpp"
#include "switchgear/config/option_problems.hpp"
#include "switchgear/config/policy_names.hpp"
#include "switchgear/config/route_section.hpp"
#include "switchgear/config/sections.hpp"
#include "switchgear/config/suggest.hpp"
#include "switchgear/config/tls_section.hpp"
#include "switchgear/config/upstream_section.hpp"

namespace switchgear::config {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

void read_pool(const Value& value, PoolOptions& pool) {
  constexpr Length wait{milliseconds{1}, hours{24}};
  Section section(value);
  section.read("max", pool.max_connections, Whole{1, 100'000});
  section.read("max_waiting", pool.max_waiting, Whole{0, 1'000'000});
  section.read("idle_timeout", pool.idle_timeout, wait);
  section.read("connect_timeout", pool.connect_timeout, wait);
  section.finish();
}

constexpr double most_value = 1e12;

/// Three capital letters: what a report prints beside an amount.
void read_currency(Section& section, BusinessOptions& business) {
  section.require("currency", business.currency, Text{}, "currency: EUR");
  if (business.currency.empty()) return;
  const bool letters =
      std::ranges::all_of(business.currency, [](char each) { return each >= 'A' && each <= 'Z'; });
  if (business.currency.size() == 3 && letters) return;
  section.find("currency")
      ->wrong(quoted(business.currency) +
              " is not a currency; expected its three capital letters, such as EUR");
}

BusinessOptions read_business(const Value& value) {
  BusinessOptions business;
  Section section(value);
  section.require("value", business.value, Number{0, most_value}, "value: 12.5");
  read_currency(section, business);
  section.finish();
  return business;
}

ByHeader read_by(const Value& value) {
  ByHeader by;
  Section section(value);
  std::string written;
  section.require("header", written, Text{}, "header: x-tenant");
  if (!written.empty()) {
    auto parsed = parse_header_name(written, HeaderUse::value);
    if (parsed.value) {
      by.header = *std::move(parsed.value);
    } else {
      section.find("header")->wrong(parsed.problem);
    }
  }
  section.read("max", by.limits.max, Whole{1, 10'000'000});
  section.read("idle", by.limits.idle, Length{milliseconds{1}, hours{24 * 365}});
  by.breaker = read_breaker(section);
  section.finish();
  return by;
}

/// What is contradictory about the breaker of each value, which stands inside the time limits of `policy`.
void check_own_breaker(const Value& value, ByHeader& by, const Policy& policy) {
  lengthen_max_wait(value, attempt_limit(policy), *by.breaker);
  for (const BreakerLevel level : breaker_levels) {
    const std::string key = "circuit_breaker.levels." + std::string(to_string(level)) + ".answer";
    if (const Entry* const entry = find_entry(*value.node, key)) {
      value.report->error(
          entry->at, join(value.path, key),
          "belongs to a policy; what the breaker of a value refuses is answered as the levels "
          "of policy " +
              quoted(policy.name) + " say");
    }
  }
  Policy alone;
  alone.name = policy.name;
  alone.circuit_breaker = by.breaker;
  alone.failure_when = policy.failure_when;
  alone.timeout = policy.timeout;
  alone.deadline = policy.deadline;
  report_combinations(value, alone);
}

void read_calls(const Value& value, Service& service) {
  constexpr std::size_t most = 100;
  const std::vector<Value> listed = items(value, "[inventory, prices]");
  if (listed.size() > most) {
    value.wrong(std::to_string(listed.size()) + " services found; expected at most " + std::to_string(most));
    return;
  }
  for (const Value& item : listed) {
    auto name = Text{}(item);
    if (!name) continue;
    if (std::ranges::find(service.calls, *name) != service.calls.end()) {
      item.wrong(quoted(*name) + " is listed twice");
    } else {
      service.calls.push_back(*std::move(name));
    }
  }
}

class ServiceReader {
 public:
  ServiceReader(const std::map<std::string, Policy>& policies, const GatewayOptions& gateway,
                const std::string& directory)
      : policies_(policies), gateway_(gateway), peers_(directory) {}

  /// `service` must stay where it is: routes_ borrows it.
  void read(const Value& value, Service& service) {
    Section section(value);
    read_upstreams(section, service, gateway_, peers_);
    read_policy_name(section, service);
    if (const auto routes = section.find("routes")) {
      for (const Value& route : items(*routes, "[{prefix: /payment/}]"))
        routes_.read(route, service, policies_);
    }
    if (service.routes.empty() && section.is_mapping() &&
        (!section.find("routes") || section.find("routes")->node->items.empty())) {
      value.report->warning(value.key, value.path, "has no routes: no request reaches it");
    }
    if (const auto pool = section.find("connections")) {
      read_pool(*pool, service.pool);
      check_connect_timeout(*pool, service);
    }
    if (const auto business = section.find("business")) service.business = read_business(*business);
    read_kind(section, service);
    section.read("capacity", service.capacity, Whole{1, 1'000'000});
    if (const auto check = section.find("health_check")) {
      service.health_check = read_health_check(*check);
      check_port(*check, service);
    }
    if (const auto calls = section.find("calls")) read_calls(*calls, service);
    if (const auto by = section.find("by")) read_values(*by, service);
    if (const auto experiment = section.find("experiment")) read_experiment(*experiment, service, policies_);
    section.finish();
  }

 private:
  void read_values(const Value& value, Service& service) const {
    const std::size_t errors_before = value.report->errors();
    service.by = read_by(value);
    const Policy* policy = policies_.find(service.policy);
    if (policy == nullptr || value.report->errors() != errors_before) return;
    if (service.by->breaker) return check_own_breaker(value, *service.by, *policy);
    if (!policy->circuit_breaker) {
      value.report->error(value.key, value.path,
                          "needs a circuit_breaker, here or in policy " + quoted(service.policy));
    }
  }

  void check_port(const Value& check, const Service& service) const {
    const Entry* entry = find_entry(*check.node, "port");
    const auto has_no_port = [](const Upstream& each) { return is_unix(each.at); };
    if (entry == nullptr || std::ranges::none_of(service.upstreams, has_no_port)) return;
    check.report->error(entry->value.at, join(check.path, "port"),
                        "does not apply to a Unix socket, which has none; leave the key out");
  }

  /// A slow connection can be told from a slow answer only if the attempt is not over first.
  void check_connect_timeout(const Value& pool, const Service& service) const {
    const Entry* entry = find_entry(*pool.node, "connect_timeout");
    if (entry == nullptr) return;
    std::set<std::string> names{service.policy};
    for (const Route& route : service.routes) {
      if (!route.policy.empty()) names.insert(route.policy);
    }
    for (const std::string& name : names) {
      const Policy* policy = policies_.find(name);
      const auto limit = policy == nullptr ? std::nullopt : attempt_limit(*policy);
      if (!limit || service.pool.connect_timeout <= *limit) continue;
      const std::string whose = names.size() == 1 ? "" : " by calls of policy " + quoted(name);
      pool.report->warning(entry->value.at, join(pool.path, "connect_timeout"),
                           quoted(format_duration(service.pool.connect_timeout)) + " is never reached" +
                               whose + ": an attempt is over after " + format_duration(*limit) +
                               ", and fails as a timeout");
    }
  }

  void read_policy_name(Section& section, Service& service) {
    section.require("policy", service.policy, Text{}, "policy: NAME");
    if (!service.policy.empty()) policies_.check(*section.find("policy"), service.policy);
  }

  PolicyNames policies_;
  const GatewayOptions& gateway_;
  RouteReader routes_;
  PeerReader peers_;
};

/// The breaker of a route's policy, or of a split's candidate, is called `service/policy`, which may be the
/// name of another service.
void check_names(const std::map<std::string, Service>& services,
                 const std::vector<std::pair<std::string_view, Value>>& entries) {
  const auto is_taken = [&](const std::string& name, const std::string& policy, std::string_view where) {
    const std::string circuit = name + "/" + policy;
    if (policy.empty() || !services.contains(circuit)) return false;
    const auto entry =
        std::ranges::find(entries, std::string_view{circuit}, &std::pair<std::string_view, Value>::first);
    entry->second.report->error(entry->second.key, entry->second.path,
                                "has the name of the circuit of policy " + quoted(policy) + " in " +
                                    std::string{where} + " of service " + quoted(name) +
                                    "; expected another name");
    return true;
  };
  for (const auto& [name, service] : services) {
    for (const Route& route : service.routes) {
      if (is_taken(name, route.policy, "a route")) return;
    }
    if (service.split && is_taken(name, service.split->candidate, "the split")) return;
  }
}

using Entries = std::vector<std::pair<std::string_view, Value>>;

/// The list of the services that this one calls, where it stands in the file.
std::optional<Value> calls_of(const Value& service) {
  const Entry* calls = find_entry(*service.node, "calls");
  if (calls == nullptr || calls->value.kind != Node::Kind::sequence) return std::nullopt;
  return Value{&calls->value, calls->at, join(service.path, "calls"), service.report};
}

void check_called(const std::map<std::string, Service>& services, const Entries& entries) {
  int suggestions_left = 20;
  std::vector<std::string_view> names;
  for (const auto& [name, service] : services) names.push_back(name);
  for (const auto& [name, entry] : entries) {
    const auto calls = calls_of(entry);
    if (!calls) continue;
    for (const Value& item : items(*calls, "[inventory, prices]")) {
      const std::string& called = item.node->text;
      if (called.empty() || services.contains(called)) continue;
      const std::string hint = suggestions_left-- > 0 ? did_you_mean(called, names) : "";
      item.wrong("service " + quoted(called) + " does not exist" +
                 (hint.empty() ? "; expected a name under services" : hint));
    }
  }
}

/// Services that call each other in a circle: `a -> b -> a`. Each circle once, from where it is found first.
class Circles {
 public:
  explicit Circles(const std::map<std::string, Service>& services) : services_(services) {}

  std::vector<std::vector<std::string>> take() {
    for (const auto& [name, service] : services_) visit(name);
    return std::move(found_);
  }

 private:
  void visit(const std::string& name) {
    const auto service = services_.find(name);
    if (service == services_.end() || !seen_.insert(service->first).second) return;
    path_.push_back(name);
    on_path_.insert(service->first);
    for (const std::string& called : service->second.calls) {
      if (on_path_.contains(called)) {
        found_.emplace_back(std::ranges::find(path_, called), path_.end()).push_back(called);
      } else {
        visit(called);
      }
    }
    on_path_.erase(service->first);
    path_.pop_back();
  }

  const std::map<std::string, Service>& services_;
  std::set<std::string_view> seen_, on_path_;
  std::vector<std::string> path_;
  std::vector<std::vector<std::string>> found_;
};

void check_circles(const std::map<std::string, Service>& services, const Entries& entries) {
  for (const std::vector<std::string>& circle : Circles(services).take()) {
    std::string path;
    for (const std::string& name : circle) path += (path.empty() ? "" : " -> ") + printable(name);
    const std::string_view last = circle[circle.size() - 2];
    const auto entry = std::ranges::find(entries, last, &Entries::value_type::first);
    const auto calls = calls_of(entry->second);
    if (!calls) continue;
    calls->report->warning(calls->key, calls->path,
                           "services call each other in a circle: " + path +
                               "; nothing bounds how many calls one of them becomes");
  }
}

}  // namespace

std::map<std::string, Service> read_services(const Value& value,
                                             const std::map<std::string, Policy>& policies,
                                             const GatewayOptions& gateway, const std::string& directory) {
  std::map<std::string, Service> services;
  Section section(value);
  const auto entries = section.entries();
  if (entries.size() > most_named) {
    section.wrong(std::to_string(entries.size()) + " services found; expected at most " +
                  std::to_string(most_named));
    return services;
  }
  ServiceReader reader(policies, gateway, directory);
  for (const auto& [name, entry] : entries) {
    if (!usable_name(name, entry)) continue;
    Service& service = services[std::string(name)];
    service.name = name;
    reader.read(entry, service);
  }
  check_names(services, entries);
  check_called(services, entries);
  check_circles(services, entries);
  return services;
}

}  // namespace switchgear::config
