// From the results of checks to a status, and when the next check is due. A sans-I/O machine.
//
//              first result good               `unhealthy` bad results in a row
//   unknown ────────────────────▶ healthy ──────────────────────────────────────▶ unhealthy
//      │                             ▲                                              ▲  │
//      └─────────────────────────────┼──────────── first result bad ────────────────┘  │
//                                    └──────────── `healthy` good results in a row ────┘
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "switchgear/core/random.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/health/check_options.hpp"
#include "switchgear/health/check_result.hpp"

namespace switchgear::health {

enum class Status : std::uint8_t { unknown, healthy, unhealthy };

inline constexpr std::array statuses{Status::unknown, Status::healthy, Status::unhealthy};

[[nodiscard]] constexpr std::string_view to_string(Status status) noexcept {
  constexpr std::array<std::string_view, statuses.size()> names{"unknown", "healthy", "unhealthy"};
  return names[static_cast<std::size_t>(status)];
}

/// What one result has come to.
struct Judged {
  CheckResult result;
  Status before = Status::unknown;
  Status after = Status::unknown;
  std::uint32_t in_a_row = 0;  ///< results of its kind, good or bad, this one included
  TimePoint at{};

  [[nodiscard]] bool changed() const noexcept { return before != after; }
};

struct WatchSnapshot {
  Status status = Status::unknown;
  TimePoint since{};                   ///< when the status was entered
  std::optional<TimePoint> last_at{};  ///< of the latest result
  CheckResult last{};                  ///< of use once `last_at` is set
  std::uint32_t failures_in_a_row = 0;
  std::uint32_t successes_in_a_row = 0;
  std::array<std::uint64_t, check_ends> results{};  ///< all of them, by CheckEnd
};

/// Whether the dependency was called since the last check began.
enum class Traffic : std::uint8_t { some, none };

/// The checks of one dependency.
///
///     Watch watch{options, seed, now};
///     … at watch.next_due(): …
///     Watch::Step step = watch.step(now, Traffic::some);
///     if (step.todo == Watch::Todo::begin) …    // begin a check
///     if (auto judged = watch.end(result, now)) …    // when it has come back
///
/// One check is out at a time. One that is past `timeout` has failed at that instant; until it comes back,
/// which changes nothing then, each time that a check would have begun is one more failure (`hung`).
/// Threads: one at a time. Time: must not run backwards.
class Watch {
 public:
  /// Throws std::invalid_argument naming every problem when `options` are not valid. The first check is due
  /// within `jitter` × `interval` from `now`, so that processes that start together do not check together.
  Watch(const WatchOptions& options, std::uint64_t seed, TimePoint now);

  enum class Todo : std::uint8_t {
    nothing,  ///< before next_due()
    begin,    ///< begin a check, and call end() when it comes back, however late that is
    give_up,  ///< stop the check that is out; call end() when it comes back
    wait,     ///< the check that is out should have come back long ago
  };
  struct Step {
    Todo todo = Todo::nothing;
    std::optional<Judged> judged{};  ///< with give_up and wait
  };

  /// What is to be done. To be repeated until it is nothing.
  [[nodiscard]] Step step(TimePoint now, Traffic traffic);
  /// When step() has something to do next.
  [[nodiscard]] TimePoint next_due() const noexcept { return out_ && !given_up_ ? limit_ : due_; }

  /// The check that is out has come back. Empty when it was given up before: its result is too late. A result
  /// at or after the time limit is a timeout, whatever it says. Precondition: a check is out.
  [[nodiscard]] std::optional<Judged> end(CheckResult result, TimePoint now);

  [[nodiscard]] const WatchSnapshot& snapshot() const noexcept { return seen_; }
  [[nodiscard]] const WatchOptions& options() const noexcept { return options_; }

 private:
  [[nodiscard]] Judged judge(CheckResult result, TimePoint now);
  [[nodiscard]] Status next_status(bool good) const noexcept;
  [[nodiscard]] TimePoint next_after(TimePoint now, Traffic traffic) noexcept;

  const WatchOptions options_;
  Random random_;
  TimePoint due_;     ///< when the next check begins
  TimePoint limit_;   ///< of the check that is out
  bool out_ = false;  ///< a check has begun and has not come back
  bool given_up_ = false;
  WatchSnapshot seen_;
};

}  // namespace switchgear::health
