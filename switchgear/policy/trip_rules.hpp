// The six rules that open a closed breaker, as one pure function over what was counted.
#pragma once

#include <optional>

#include "switchgear/core/event.hpp"
#include "switchgear/core/state.hpp"
#include "switchgear/policy/circuit_breaker_options.hpp"

namespace switchgear {

/// A rule that holds, with what it saw and what it was held against: ratios, counts or seconds.
struct TrippedRule {
  Rule rule = Rule::failure_rate;
  double value = 0;
  double threshold = 0;
};

/// The first rule that holds, in the order of CircuitBreakerOptions; empty when none does.
/// `stuck` is the number of stuck calls. The value of `latency` is left at its threshold: the window knows
/// better.
[[nodiscard]] std::optional<TrippedRule> first_rule_that_holds(const CircuitBreakerOptions& options,
                                                               const WindowSnapshot& window,
                                                               std::uint32_t stuck) noexcept;

}  // namespace switchgear
