#include "switchgear/admin/breaker_look.hpp"

#include <optional>
#include <tuple>

namespace switchgear::admin {

namespace {

// Each names every member, so that a new one does not compile until it is compared here as well.

[[nodiscard]] auto members_of(const CallTotals& totals) noexcept {
  const auto& [calls, successes, failures, failures_by_type, plain_successes, slow_successes, plain_failures,
               slow_failures, ignored, rejected, rejected_by_reason, would_reject, late, opened, closed,
               half_opened] = totals;
  return std::tie(calls, successes, failures, failures_by_type, plain_successes, slow_successes,
                  plain_failures, slow_failures, ignored, rejected, rejected_by_reason, would_reject, late,
                  opened, closed, half_opened);
}

[[nodiscard]] auto members_of(const WindowSnapshot& window) noexcept {
  const auto& [calls, failures, slow, high, consecutive_failures, failure_balance, extra_weight] = window;
  return std::tie(calls, failures, slow, high, consecutive_failures, failure_balance, extra_weight);
}

[[nodiscard]] auto members_of(const BreakerSnapshot::HalfOpen& probes) noexcept {
  const auto& [permitted, in_flight, recorded, failed] = probes;
  return std::tie(permitted, in_flight, recorded, failed);
}

[[nodiscard]] auto members_of(const CallRates& rates) noexcept {
  const auto& [calls, failures, rejected] = rates;
  return std::tie(calls, failures, rejected);
}

[[nodiscard]] auto members_of(const LastFailure& failure) noexcept {
  const auto& [type, at] = failure;
  return std::tie(type, at);
}

[[nodiscard]] auto members_of(const AdaptedFigures& figures) noexcept {
  const auto& [consecutive_failures, open_duration, samples, failure_rate, mean_latency] = figures;
  return std::tie(consecutive_failures, open_duration, samples, failure_rate, mean_latency);
}

[[nodiscard]] auto members_of(const RampFigures& figures) noexcept {
  const auto& [share, safe_share, hold, calls, failed] = figures;
  return std::tie(share, safe_share, hold, calls, failed);
}

[[nodiscard]] auto members_of(const LevelFigures& figures) noexcept {
  // What the last change was, its counter says: escalations, descents, or since.
  const auto& [level, since, comes_down, at_first, escalations, descents, last_change] = figures;
  return std::tie(level, since, comes_down, at_first, escalations, descents);
}

template <class T>
[[nodiscard]] bool alike(const std::optional<T>& one, const std::optional<T>& other) noexcept {
  if (!one || !other) return one.has_value() == other.has_value();
  return members_of(*one) == members_of(*other);
}

[[nodiscard]] bool alike(const BreakerSnapshot& one, const BreakerSnapshot& other) noexcept {
  const auto& [state, metrics_only, ramping, advised, generation, since, retry_after, relapses, time_open,
               totals, window, half_open, last_failure, adapted, ramp, level] = one;
  return std::tie(state, metrics_only, ramping, advised, generation, since, relapses) ==
             std::tie(other.state, other.metrics_only, other.ramping, other.advised, other.generation,
                      other.since, other.relapses) &&
         retry_after.has_value() == other.retry_after.has_value() &&
         members_of(totals) == members_of(other.totals) && members_of(window) == members_of(other.window) &&
         members_of(half_open) == members_of(other.half_open) && alike(last_failure, other.last_failure) &&
         alike(adapted, other.adapted) && alike(ramp, other.ramp) && alike(level, other.level);
}

}  // namespace

bool looks_alike(const BreakerLook& one, const BreakerLook& other) noexcept {
  const auto& [snapshot, rates, tags] = one;
  return alike(snapshot, other.snapshot) && members_of(rates) == members_of(other.rates) &&
         tags == other.tags;
}

}  // namespace switchgear::admin
