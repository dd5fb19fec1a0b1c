// The rules that open a closed breaker by what was counted, as one pure function.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include "switchgear/core/event.hpp"
#include "switchgear/core/state.hpp"
#include "switchgear/policy/circuit_breaker_options.hpp"
#include "switchgear/policy/wilson.hpp"
#include "switchgear/striped/mark_ring.hpp"

namespace switchgear {

/// A rule that holds, with its value and its limit: ratios, counts or seconds; and the window in which it saw
/// that.
struct TrippedRule {
  Rule rule = Rule::failure_rate;
  double value = 0;
  double threshold = 0;
  WindowSnapshot window{};
};

/// The first rule that holds, in the order of CircuitBreakerOptions; empty when none does. `stuck_calls` is
/// not among them: the window does not hold it, and it is only checked when none of these holds. The value of
/// `latency` is left at its threshold: the window knows better. `streak_limit` is that of
/// `consecutive_failures`, which an adaptive breaker moves; 0: no such rule.
[[nodiscard]] std::optional<TrippedRule> first_rule_that_holds(const CircuitBreakerOptions& options,
                                                               std::uint32_t streak_limit,
                                                               const WindowSnapshot& window) noexcept;

/// How far a window is from opening the breaker, checked after every call: a multiplication for each rule,
/// where first_rule_that_holds() divides.
class TripBounds {
 public:
  explicit TripBounds(const CircuitBreakerOptions& options) noexcept;

  /// No rate rule can hold before that many more marked calls are in the window, or older calls have left it;
  /// 0 if one may hold now. For a window of at least minimum_calls, where a rule has them.
  [[nodiscard]] std::uint32_t marks_to_go(const WindowCounts& window) const noexcept {
    const auto calls = static_cast<double>(window.calls);
    const double to_go =
        std::min({failures_to_go(calls, window), slow_rate_ * calls - static_cast<double>(window.slow),
                  high_rate_ * calls - static_cast<double>(window.high), most});
    return to_go > 0 ? static_cast<std::uint32_t>(std::ceil(to_go)) : 0;
  }

 private:
  static constexpr double most = 1 << 24;

  [[nodiscard]] double failures_to_go(double calls, const WindowCounts& window) const noexcept {
    const auto failures = static_cast<double>(window.failures);
    if (spread_ > 0) [[unlikely]]
      return failure_rate_ * calls + spread_ * std::sqrt(calls) - failures;
    const auto extra = static_cast<double>(window.extra);
    return (failure_rate_ * (calls + extra) - failures - extra) / heaviest_;
  }

  // Floats, rounded down: as doubles they would make every breaker larger.
  float failure_rate_, slow_rate_, high_rate_;
  float heaviest_;    ///< of the weights of a failure
  float spread_ = 0;  ///< of a failure_rate with a confidence, see WilsonNeed
};

}  // namespace switchgear
