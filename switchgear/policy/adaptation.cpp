#include "switchgear/policy/adaptation.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>

namespace switchgear {

namespace {

constexpr Duration failed_call{-1};

Duration scaled(Duration length, double factor) noexcept {
  const double wanted = static_cast<double>(length.count()) * factor;
  if (wanted >= static_cast<double>(Duration::max().count())) return Duration::max();
  return Duration{std::llround(wanted)};
}

}  // namespace

Adaptation::Adaptation(const CircuitBreakerOptions& options)
    : options_(options),
      consecutive_failures_(options.consecutive_failures.value_or(0)),
      open_duration_(options.open_duration.count()),
      latencies_(std::make_unique<Duration[]>(options.adaptive->samples)) {}

std::optional<AdaptedFigures> Adaptation::add(bool failed, Duration latency) noexcept {
  const std::scoped_lock hold(lock_);
  const std::uint32_t samples = options_.adaptive->samples;
  Duration& place = latencies_[added_ % samples];
  if (added_ >= samples) {
    if (place < Duration::zero()) {
      --failures_;
    } else {
      success_time_ -= place.count();
    }
  }
  ++added_;
  place = failed ? failed_call : latency;
  if (failed) {
    ++failures_;
  } else {
    success_time_ += latency.count();
  }
  return put_in_force_locked();
}

std::optional<AdaptedFigures> Adaptation::forget() noexcept {
  const std::scoped_lock hold(lock_);
  added_ = 0;
  failures_ = 0;
  success_time_ = 0;
  return put_in_force_locked();
}

AdaptedFigures Adaptation::seen_locked() const noexcept {
  AdaptedFigures seen;
  seen.samples = static_cast<std::uint32_t>(std::min<std::uint64_t>(added_, options_.adaptive->samples));
  if (seen.samples > 0) seen.failure_rate = static_cast<double>(failures_) / seen.samples;
  const std::uint32_t successes = seen.samples - failures_;
  if (successes > 0) seen.mean_latency = Duration{static_cast<Duration::rep>(success_time_ / successes)};
  return seen;
}

std::optional<AdaptedFigures> Adaptation::put_in_force_locked() noexcept {
  AdaptedFigures now = seen_locked();
  now.consecutive_failures = options_.consecutive_failures.value_or(0);
  now.open_duration = options_.open_duration;
  if (now.samples == options_.adaptive->samples) {
    if (options_.consecutive_failures) now.consecutive_failures = limit_for(now.failure_rate);
    if (now.mean_latency) now.open_duration = opening_for(*now.mean_latency);
  }
  const AdaptedFigures before{consecutive_failures(), open_duration()};
  if (now.same_limits(before)) return std::nullopt;
  consecutive_failures_.store(now.consecutive_failures, std::memory_order_relaxed);
  open_duration_.store(now.open_duration.count(), std::memory_order_relaxed);
  return now;
}

std::uint32_t Adaptation::limit_for(double failure_rate) const noexcept {
  const AdaptiveFailures& rule = options_.adaptive->failures;
  const std::uint32_t base = *options_.consecutive_failures;
  if (failure_rate > rule.strict_above) {
    const std::uint32_t lowered = base > rule.step ? base - rule.step : 0;
    return std::min(base, std::max(lowered, rule.least));
  }
  if (failure_rate < rule.lax_below) return std::max(base, std::min(base + rule.step, rule.most));
  return base;
}

Duration Adaptation::opening_for(Duration mean) const noexcept {
  const AdaptiveOpening& rule = options_.adaptive->opening;
  const Duration base = options_.open_duration;
  if (mean > rule.long_above) return std::max(base, std::min(scaled(base, rule.lengthen), rule.longest));
  if (mean < rule.short_below) return std::min(base, std::max(scaled(base, rule.shorten), rule.shortest));
  return base;
}

AdaptedFigures Adaptation::figures() const noexcept {
  const std::scoped_lock hold(lock_);
  AdaptedFigures figures = seen_locked();
  figures.consecutive_failures = consecutive_failures();
  figures.open_duration = open_duration();
  return figures;
}

std::size_t Adaptation::memory_bytes() const noexcept {
  return sizeof(Adaptation) + options_.adaptive->samples * sizeof(Duration);
}

}  // namespace switchgear
