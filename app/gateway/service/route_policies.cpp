#include "app/gateway/service/route_policies.hpp"

#include <set>
#include <utility>

#include "app/gateway/service/service_values.hpp"
#include "switchgear/core/random.hpp"
#include "switchgear/http/event_loop.hpp"

namespace switchgear::gateway {

namespace {

[[nodiscard]] std::set<std::string> further_policies(const config::Service& service) {
  std::set<std::string> names;
  for (const config::Route& route : service.routes) {
    if (!route.policy.empty()) names.insert(route.policy);
  }
  if (service.split) names.insert(service.split->candidate);
  return names;
}

}  // namespace

std::vector<RoutePlan> route_plans(const config::Service& service, const config::Config& config,
                                   const PolicySet& whole, const PolicySets& known, PolicyRegistry& registry,
                                   std::uint64_t seed) {
  std::vector<RoutePlan> plans;
  Random seeds{seed};
  for (const std::string& policy_name : further_policies(service)) {
    const config::Policy& policy = config.policies.at(policy_name);
    const std::string name = PolicySet::name_of(service.name, policy_name);
    const auto before = known.find(name);
    const PolicySet* const set = before == known.end() ? nullptr : before->second.get();
    // A candidate stands beside the service's policy, whose breaker must not refuse its calls.
    const bool stands_alone = service.split && service.split->candidate == policy_name;
    Breakers breakers =
        stands_alone ? Breakers{nullptr, nullptr,
                                values_of(name, service, policy, set, registry.breakers(), seeds.next())}
                     : Breakers{whole.policies().breaker, nullptr, whole.policies().by_value};
    if (policy.circuit_breaker) {
      breakers.own = registry.breakers().get_or_create(name, *policy.circuit_breaker, http::EventLoop::now());
    }
    plans.push_back({policy_name, policy,
                     std::make_shared<const PolicySet>(service, policy_name, policy, registry,
                                                       std::move(breakers), set, seeds.next()),
                     stands_alone});
  }
  return plans;
}

std::map<std::string, CircuitBreakerOptions> breakers_of(const config::Config& config) {
  std::map<std::string, CircuitBreakerOptions> all;
  const auto add = [&](const std::string& name, const std::string& policy_name) {
    const auto policy = config.policies.find(policy_name);
    if (policy != config.policies.end() && policy->second.circuit_breaker)
      all.emplace(name, *policy->second.circuit_breaker);
  };
  for (const auto& [name, service] : config.services) {
    add(name, service.policy);
    for (const std::string& policy : further_policies(service)) add(PolicySet::name_of(name, policy), policy);
  }
  return all;
}

}  // namespace switchgear::gateway
