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

}  // namespace

std::optional<TrippedRule> first_rule_that_holds(const CircuitBreakerOptions& options,
                                                 const WindowSnapshot& window) noexcept {
  // minimum_calls may be 0 with a time window; an empty window still says nothing.
  const bool enough = window.calls >= options.minimum_calls && window.calls > 0;
  if (enough && options.failure_rate && window.failure_rate() >= *options.failure_rate) {
    return TrippedRule{Rule::failure_rate, window.failure_rate(), *options.failure_rate, window};
  }
  if (enough && options.slow_call && window.slow_rate() >= options.slow_call->rate) {
    return TrippedRule{Rule::slow_call, window.slow_rate(), options.slow_call->rate, window};
  }
  if (enough && options.latency &&
      window.high >= values_at_or_above(options.latency->quantile, window.calls)) {
    const double above = to_seconds(options.latency->above);
    return TrippedRule{Rule::latency, above, above, window};
  }
  if (options.consecutive_failures && window.consecutive_failures >= *options.consecutive_failures) {
    return TrippedRule{Rule::consecutive_failures, static_cast<double>(window.consecutive_failures),
                       static_cast<double>(*options.consecutive_failures), window};
  }
  if (options.failure_balance && window.failure_balance >= *options.failure_balance) {
    return TrippedRule{Rule::failure_balance, static_cast<double>(window.failure_balance),
                       static_cast<double>(*options.failure_balance), window};
  }
  return std::nullopt;
}

namespace {

constexpr double never = std::numeric_limits<double>::infinity();
/// Takes the rounding of a division and a multiplication out of the comparison, on the safe side.
constexpr double slack = 1 - 1e-9;

}  // namespace

TripBounds::TripBounds(const CircuitBreakerOptions& options) noexcept
    : failure_rate_(options.failure_rate ? *options.failure_rate * slack : never),
      slow_rate_(options.slow_call ? options.slow_call->rate * slack : never),
      // Of n values at least n · (1 − quantile) lie at or above the quantile.
      high_rate_(options.latency ? (1 - options.latency->quantile) * slack - (1 - slack) : never) {}

}  // namespace switchgear
