// Policies of routes, and the candidate of a split: which of a service's calls another policy than the
// service's own guards.
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

/// Of the routes of a service that have the same policy, which they share; or of its split's candidate.
struct RoutePlan {
  std::string policy_name;
  config::Policy policy;
  std::shared_ptr<const PolicySet> policies;
  bool is_candidate = false;
};

/// Each policy that routes of the service have, once, and the candidate. The routes' breakers are inside that
/// of `whole`, the service's own policies; the candidate's are not. Sets of `known` stay what they are as far
/// as their options did not change.
[[nodiscard]] std::vector<RoutePlan> route_plans(const config::Service& service, const config::Config& config,
                                                 const PolicySet& whole, const PolicySets& known,
                                                 PolicyRegistry& registry, std::uint64_t seed);

/// Of every breaker that the configuration has, by its name.
[[nodiscard]] std::map<std::string, CircuitBreakerOptions> breakers_of(const config::Config& config);

}  // namespace switchgear::gateway
