#include "switchgear/policy/breaker_levels.hpp"

namespace switchgear {

namespace {

BreakerLevel above(BreakerLevel level) noexcept {
  return static_cast<BreakerLevel>(static_cast<std::uint8_t>(level) + 1);
}
BreakerLevel below(BreakerLevel level) noexcept {
  return static_cast<BreakerLevel>(static_cast<std::uint8_t>(level) - 1);
}

CircuitBreakerOptions widest_of(const CircuitBreakerOptions& options) {
  CircuitBreakerOptions widest = options;
  for (const BreakerLevel level : breaker_levels) {
    const LevelOptions& own = (*options.levels)[level];
    if (own.latency) widest.latency = own.latency;
    if (own.consecutive_failures) widest.consecutive_failures = own.consecutive_failures;
    if (own.failure_balance) widest.failure_balance = own.failure_balance;
  }
  return widest;
}

}  // namespace

BreakerLevels::BreakerLevels(const CircuitBreakerOptions& options, TimePoint created)
    : in_force_{options.at(BreakerLevel::warning), options.at(BreakerLevel::critical),
                options.at(BreakerLevel::emergency)},
      widest_(widest_of(options)),
      calm_{options.calm_at(BreakerLevel::warning), options.calm_at(BreakerLevel::critical),
            options.calm_at(BreakerLevel::emergency)},
      escalate_above_(options.levels->escalate_above),
      since_(created) {}

std::optional<LevelChange> BreakerLevels::opened(std::uint64_t calls, std::uint64_t failed,
                                                 TimePoint at) noexcept {
  if (level_ == breaker_levels.back() || calls == 0) return std::nullopt;
  LevelChange change{level_, above(level_), LevelCause::escalated, at, calls, failed, escalate_above_};
  if (change.failure_rate() <= escalate_above_) return std::nullopt;
  ++escalations_;
  go(change);
  return change;
}

LevelChange BreakerLevels::calmed(TimePoint at) noexcept {
  LevelChange change{level_, below(level_), LevelCause::calm, at};
  change.calm = calm();
  ++descents_;
  go(change);
  return change;
}

std::optional<LevelChange> BreakerLevels::move_to(BreakerLevel level, LevelCause cause,
                                                  TimePoint at) noexcept {
  if (level == level_) return std::nullopt;
  const LevelChange change{level_, level, cause, at};
  go(change);
  return change;
}

void BreakerLevels::go(const LevelChange& change) noexcept {
  level_ = change.to;
  since_ = change.at;
  last_change_ = change;
}

LevelFigures BreakerLevels::figures(const std::optional<TimePoint>& comes_down) const noexcept {
  LevelFigures figures{level_, since_, comes_down, comes_down, escalations_, descents_, last_change_};
  if (!comes_down) return figures;
  for (auto level = below(level_); level != BreakerLevel::warning; level = below(level))
    figures.at_first = saturating_add(*figures.at_first, calm_[static_cast<std::size_t>(level)]);
  return figures;
}

std::size_t BreakerLevels::memory_bytes() const noexcept {
  const std::size_t boxes = sizeof(LevelsOptions) + (widest_.ramp ? sizeof(RampOptions) : 0);
  return sizeof(BreakerLevels) + (in_force_.size() + 1) * boxes;
}

}  // namespace switchgear
