// The levels of a multi-level breaker: which one it is at, what is in force there, when it goes to another.
//
//   warning ──opens, failure rate > escalate_above──▶ critical ──the same──▶ emergency
//           ◀──closed for its calm─────────────────            ◀──the same──
//
// An escalation is part of an opening: the breaker is open at the next level from the same instant on, for
// that level's open_duration, so no call passes between the two. A descent is from closed to closed, and
// begins an empty window.
//
// Arithmetic only. Never here: a state, a lock, an event that is sent, a clock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "switchgear/core/event.hpp"
#include "switchgear/core/level.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/policy/circuit_breaker_options.hpp"

namespace switchgear {

/// Where a multi-level breaker stands, and what is in force there.
struct LevelFigures {
  BreakerLevel level = BreakerLevel::warning;
  TimePoint since{};                      ///< when it came to the level, or was made
  std::optional<TimePoint> comes_down{};  ///< if it stays closed; empty when it is not on its way down
  std::optional<TimePoint> at_first{};    ///< the same for all levels down to `warning`
  std::uint64_t escalations = 0;          ///< since it was made
  std::uint64_t descents = 0;
  std::optional<LevelChange> last_change{};
};

/// Threads: in_force(), slow_above() and high_from() from any thread; the rest one at a time, under the
/// breaker's mutex. Allocates only when constructed.
class BreakerLevels {
 public:
  /// `options.levels` must be set; copied. `created` is when the first level begins.
  BreakerLevels(const CircuitBreakerOptions& options, TimePoint created);

  [[nodiscard]] BreakerLevel level() const noexcept { return level_; }
  [[nodiscard]] bool raised() const noexcept { return level_ != BreakerLevel::warning; }

  /// Of any level, at any time.
  [[nodiscard]] const CircuitBreakerOptions& in_force(BreakerLevel level) const noexcept {
    return in_force_[static_cast<std::size_t>(level)];
  }
  [[nodiscard]] const CircuitBreakerOptions& in_force() const noexcept { return in_force(level_); }
  [[nodiscard]] Duration slow_above(BreakerLevel level) const noexcept {
    const auto& rule = in_force(level).slow_call;
    return rule ? rule->threshold : Duration::max();
  }
  [[nodiscard]] Duration high_from(BreakerLevel level) const noexcept {
    const auto& rule = in_force(level).latency;
    return rule ? rule->above : Duration::max();
  }
  /// What a window that serves every level has to keep.
  [[nodiscard]] const CircuitBreakerOptions& widest() const noexcept { return widest_; }

  /// The breaker opens, because `failed` of `calls` did. One level up if that is more than escalate_above.
  std::optional<LevelChange> opened(std::uint64_t calls, std::uint64_t failed, TimePoint at) noexcept;
  /// The breaker has been closed for its calm. Precondition: raised().
  LevelChange calmed(TimePoint at) noexcept;
  /// By an operator, or by restore(). Empty when it is there already.
  std::optional<LevelChange> move_to(BreakerLevel level, LevelCause cause, TimePoint at) noexcept;

  /// For how long the current level must have been closed before the breaker comes down from it.
  [[nodiscard]] Duration calm() const noexcept { return calm_[static_cast<std::size_t>(level_)]; }

  /// `comes_down`: when the current one will have been, if it stays closed.
  [[nodiscard]] LevelFigures figures(const std::optional<TimePoint>& comes_down) const noexcept;
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
  void go(const LevelChange& change) noexcept;

  const std::array<CircuitBreakerOptions, breaker_levels.size()> in_force_;
  const CircuitBreakerOptions widest_;
  const std::array<Duration, breaker_levels.size()> calm_;
  const double escalate_above_;

  BreakerLevel level_ = BreakerLevel::warning;
  TimePoint since_;
  std::uint64_t escalations_ = 0, descents_ = 0;
  std::optional<LevelChange> last_change_;
};

}  // namespace switchgear
