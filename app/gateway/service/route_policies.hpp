// Policies of routes: which of a service's calls another policy than the service's own guards.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/gateway/service/policy_set.hpp"
#include "switchgear/config/config.hpp"
#include "switchgear/policy/circuit_breaker_options.hpp"
#include "switchgear/registry/policy_registry.hpp"

namespace switchgear::gateway {

/// By the name of the service, or PolicySet::name_of() a service and the policy of a route.
using PolicySets = std::map<std::string, std::shared_ptr<const PolicySet>>;

/// Of the routes of a service that have the same policy, which they share.
struct RoutePlan {
  std::string policy_name;
  config::Policy policy;
  std::shared_ptr<const PolicySet> policies;
};

/// Each policy that routes of the service have, once. Their breakers are inside that of `whole`, the
/// service's own policies. Sets of `known` stay what they are as far as their options did not change.
[[nodiscard]] std::vector<RoutePlan> route_plans(const config::Service& service, const config::Config& config,
                                                 const PolicySet& whole, const PolicySets& known,
                                                 PolicyRegistry& registry, std::uint64_t seed);

/// Of every breaker that the configuration has, by its name.
[[nodiscard]] std::map<std::string, CircuitBreakerOptions> breakers_of(const config::Config& config);

}  // namespace switchgear::gateway
