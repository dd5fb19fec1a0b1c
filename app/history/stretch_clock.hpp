// When one sample ends and the next one begins, also when the wall clock is set. Pure: time comes in.
#pragma once

#include <chrono>
#include <optional>

#include "switchgear/core/time.hpp"

namespace switchgear::history {

/// A span of wall time in whole seconds, for which every circuit has one sample.
struct Stretch {
  std::chrono::sys_seconds from{};
  std::chrono::seconds length{0};

  [[nodiscard]] std::chrono::sys_seconds end() const noexcept { return from + length; }
  friend bool operator==(const Stretch&, const Stretch&) = default;
};

/// Both clocks at one moment.
struct Reading {
  TimePoint steady{};
  WallAnchor::Wall wall{};
};

/// Divides wall time into stretches that end at multiples of `resolution` and never overlap, unless the wall
/// clock is set back.
///
/// - A clock that is off by less than `step` is followed: stretches become longer, or the next one waits
///   until the clock has come to the end of the last one.
/// - Set forward by `step` or more, as after the machine was suspended: the stretch under way ends after the
///   time that has really passed, and a gap follows.
/// - Set back by `step` or more: the stretch under way ends likewise, and the next ones cover times that were
///   covered before. The store replaces the older ones by the newer.
class StretchClock {
 public:
  static constexpr Duration step = std::chrono::minutes{1};

  /// `recorded_until`: the end of the last stretch of an earlier process.
  StretchClock(std::chrono::seconds resolution, Reading start,
               std::optional<std::chrono::sys_seconds> recorded_until);

  struct Tick {
    std::optional<Stretch> ended;
    /// By how much the clock was set since the last tick, when it was `step` or more; negative: back.
    Duration set{};
  };
  [[nodiscard]] Tick tick(Reading now);

  /// The stretch under way, ended before its time; a second at least, so that what was counted has a place.
  [[nodiscard]] Stretch finish(Reading now) const;

  /// Until the stretch under way is due to end; at least a millisecond.
  [[nodiscard]] Duration until_next(Reading now) const;

 private:
  void begin(Reading now);

  const std::chrono::seconds resolution_;
  std::chrono::sys_seconds from_{};  ///< of the stretch under way
  TimePoint began_{};                ///< likewise
  Reading last_;
};

}  // namespace switchgear::history
