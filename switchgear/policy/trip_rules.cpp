#include "switchgear/policy/trip_rules.hpp"

#include <algorithm>
#include <limits>

#include "switchgear/striped/latency_code.hpp"

namespace switchgear {

namespace {

/// The quantile is at or above the limit when at least this many of n values are: decides without sorting,
/// and exactly.
std::uint64_t values_at_or_above(double quantile, std::uint64_t n) noexcept {
  return n - nearest_rank(quantile, n) + 1;
}

/// What the rule compares with its limit.
double failure_rate_of(const CircuitBreakerOptions& options, const WindowSnapshot& window) noexcept {
  if (options.failure_rate_confidence)
    return wilson_lower_bound(window.failures, window.calls, *options.failure_rate_confidence);
  return window.weighted_failure_rate();
}

}  // namespace

std::optional<TrippedRule> first_rule_that_holds(const CircuitBreakerOptions& options,
                                                 std::uint32_t streak_limit,
                                                 const WindowSnapshot& window) noexcept {
  // minimum_calls may be 0 with a time window; an empty window still says nothing.
  const bool enough = window.calls >= options.minimum_calls && window.calls > 0;
  if (options.failure_rate && (enough || options.failure_rate_confidence)) {
    const double rate = failure_rate_of(options, window);
    if (rate >= *options.failure_rate)
      return TrippedRule{Rule::failure_rate, rate, *options.failure_rate, window};
  }
  if (enough && options.slow_call && window.slow_rate() >= options.slow_call->rate) {
    return TrippedRule{Rule::slow_call, window.slow_rate(), options.slow_call->rate, window};
  }
  if (enough && options.latency &&
      window.high >= values_at_or_above(options.latency->quantile, window.calls)) {
    const double above = to_seconds(options.latency->above);
    return TrippedRule{Rule::latency, above, above, window};
  }
  if (streak_limit != 0 && window.consecutive_failures >= streak_limit) {
    return TrippedRule{Rule::consecutive_failures, static_cast<double>(window.consecutive_failures),
                       static_cast<double>(streak_limit), window};
  }
  if (options.failure_balance && window.failure_balance >= *options.failure_balance) {
    return TrippedRule{Rule::failure_balance, static_cast<double>(window.failure_balance),
                       static_cast<double>(*options.failure_balance), window};
  }
  return std::nullopt;
}

namespace {

/// Takes the rounding of floats, a division and a multiplication out of the comparison, on the safe side.
constexpr double slack = 1 - 1e-6;
float bound(double exact) noexcept { return static_cast<float>(exact); }
constexpr double never = std::numeric_limits<double>::infinity();

}  // namespace

TripBounds::TripBounds(const CircuitBreakerOptions& options) noexcept
    : failure_rate_(bound(options.failure_rate ? *options.failure_rate * slack : never)),
      slow_rate_(bound(options.slow_call ? options.slow_call->rate * slack : never)),
      // Of n values at least n · (1 − quantile) lie at or above the quantile.
      high_rate_(bound(options.latency ? (1 - options.latency->quantile) * slack - (1 - slack) : never)),
      heaviest_(options.weights.heaviest()) {
  if (options.failure_rate && options.failure_rate_confidence)
    spread_ = bound(WilsonNeed{*options.failure_rate, *options.failure_rate_confidence}.spread() * slack);
}

}  // namespace switchgear
