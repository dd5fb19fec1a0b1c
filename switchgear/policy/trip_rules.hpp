// The rules that open a closed breaker by what was counted, as one pure function.
#pragma once

#include <optional>

#include "switchgear/core/event.hpp"
#include "switchgear/core/state.hpp"
#include "switchgear/policy/circuit_breaker_options.hpp"

namespace switchgear {

/// A rule that holds, with what it saw and what it was held against: ratios, counts or seconds; and the
/// window in which it saw that.
struct TrippedRule {
  Rule rule = Rule::failure_rate;
  double value = 0;
  double threshold = 0;
  WindowSnapshot window{};
};

/// The first rule that holds, in the order of CircuitBreakerOptions; empty when none does. `stuck_calls` is
/// not among them: the window does not know it, and it is only asked when none of these holds. The value of
/// `latency` is left at its threshold: the window knows better.
[[nodiscard]] std::optional<TrippedRule> first_rule_that_holds(const CircuitBreakerOptions& options,
                                                               const WindowSnapshot& window) noexcept;

}  // namespace switchgear
