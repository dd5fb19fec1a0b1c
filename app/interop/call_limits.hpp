// How long a call and its attempts may take, which Istio and Envoy say in one way and a policy in another.
#pragma once

#include <optional>
#include <string>

#include "app/interop/imported.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear::interop {

/// As a route of theirs has it. Unset, and 0s: no limit.
struct CallLimits {
  std::optional<Duration> whole;
  std::optional<Duration> attempt;

  friend bool operator==(const CallLimits&, const CallLimits&) = default;
};

/// The longest limit that a policy has: in place of none, because a call through the gateway has one of 30s.
inline constexpr Duration longest_limit = std::chrono::hours{24};

/// Sets `timeout` and `deadline` of the policy, whose retry and hedge must be set before. Returns what is
/// approximated; empty: nothing.
std::string set_limits(config::Policy& policy, const CallLimits& limits);

/// The reverse, of the limits that hold in the gateway.
[[nodiscard]] CallLimits limits_of(const config::Policy& policy);

}  // namespace switchgear::interop
