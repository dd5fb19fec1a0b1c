// core/: the words every room speaks: time, verdict, outcome, rejection, result, event.
// Values and interfaces only. Never here: I/O, threads, a lock, a call to any clock's now().
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

namespace switchgear {

/// Every length of time in the library. A signed count of nanoseconds: 292 years either way.
using Duration = std::chrono::nanoseconds;

/// A reading of a monotonic clock, always handed in by the caller.
/// Any source will do as long as one breaker sees one source: `steady_clock::now()`, a TSC clock, a test's
/// ManualTime.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

/// A TimePoint as the plain number that fits into an atomic, and back.
[[nodiscard]] constexpr Duration::rep ticks_of(TimePoint at) noexcept {
  return at.time_since_epoch().count();
}
[[nodiscard]] constexpr TimePoint time_of(Duration::rep ticks) noexcept { return TimePoint{Duration{ticks}}; }

/// `at + length`, held at the ends of the representable range instead of overflowing.
[[nodiscard]] constexpr TimePoint saturating_add(TimePoint at, Duration length) noexcept {
  Duration::rep sum = 0;
  if (__builtin_add_overflow(at.time_since_epoch().count(), length.count(), &sum)) {
    return length.count() > 0 ? TimePoint::max() : TimePoint::min();
  }
  return TimePoint{Duration{sum}};
}

/// `later - earlier`, held at the ends of the representable range instead of overflowing.
[[nodiscard]] constexpr Duration saturating_sub(TimePoint later, TimePoint earlier) noexcept {
  Duration::rep difference = 0;
  if (__builtin_sub_overflow(later.time_since_epoch().count(), earlier.time_since_epoch().count(),
                             &difference)) {
    return later > earlier ? Duration::max() : Duration::min();
  }
  return Duration{difference};
}

/// Seconds as a double, for display and for JSON. Not for decisions.
[[nodiscard]] constexpr double to_seconds(Duration length) noexcept {
  return std::chrono::duration<double>(length).count();
}

/// The nearest Duration to `seconds`, held at the ends of the range; NaN is read as zero.
[[nodiscard]] constexpr Duration from_seconds(double seconds) noexcept {
  const double nanoseconds = seconds * 1e9;
  if (!(nanoseconds == nanoseconds)) return Duration::zero();
  if (nanoseconds >= 9.2233720368547e18) return Duration::max();
  if (nanoseconds <= -9.2233720368547e18) return Duration::min();
  return Duration{static_cast<Duration::rep>(nanoseconds + (nanoseconds < 0 ? -0.5 : 0.5))};
}

/// Ties one reading of the monotonic clock to one of the wall clock, so that events can be shown with a date
/// and a breaker's state can outlive its process. Otherwise for display only: while a breaker runs, a step of
/// the wall clock changes no decision.
struct WallAnchor {
  using Wall = std::chrono::sys_time<Duration>;  ///< what system_clock::now() becomes

  TimePoint monotonic{};
  Wall wall{};

  [[nodiscard]] Wall to_wall(TimePoint at) const noexcept {
    return Wall{
        saturating_add(TimePoint{wall.time_since_epoch()}, saturating_sub(at, monotonic)).time_since_epoch()};
  }
  [[nodiscard]] TimePoint from_wall(Wall at) const noexcept {
    return saturating_add(monotonic, between(wall, at));
  }
  [[nodiscard]] static Duration between(Wall earlier, Wall later) noexcept {
    return saturating_sub(TimePoint{later.time_since_epoch()}, TimePoint{earlier.time_since_epoch()});
  }
};

}  // namespace switchgear
