// The bounds that the gateway adds to a policy.
#pragma once

#include <string>
#include <vector>

#include "switchgear/analysis/explain.hpp"
#include "switchgear/config/config.hpp"

namespace switchgear::check {

/// Of the service's own policy. Borrows from `service`.
[[nodiscard]] analysis::Surroundings surroundings_of(const config::Service& service,
                                                     const config::GatewayOptions& gateway) noexcept;

/// What bounds the calls of one service: its own policy's, and those of each policy that routes have.
struct ServiceOutlook {
  struct Part {
    std::string policy;  ///< its name
    analysis::Explanation explanation;
  };
  /// Of `services.*.by`, if its breakers are not as the policy's.
  struct ByValue {
    analysis::Policy policy;  ///< the service's, with the breaker of a value in place of its own
    analysis::Explanation explanation;
  };
  Part own;
  std::optional<ByValue> by_value;
  std::vector<Part> routes;            ///< by name
  analysis::AttemptsAtOnce in_flight;  ///< of all of them together
};

/// Precondition: the file is valid.
[[nodiscard]] ServiceOutlook outlook_of(const config::Service& service, const config::Config& config);

}  // namespace switchgear::check
