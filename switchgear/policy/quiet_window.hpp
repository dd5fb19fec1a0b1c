// A closed breaker to which nothing has happened, in a few bytes: the plain successes that its window would
// hold. Most breakers by value are such, and never need more.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "switchgear/core/outcome.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/policy/circuit_breaker_options.hpp"

namespace switchgear::detail {

/// Which calls of breakers with the same options a QuietWindow can keep.
class QuietRules {
 public:
  explicit QuietRules(const CircuitBreakerOptions& options) noexcept;

  /// False: every breaker must be a whole one from its first call. A rule looks at calls that have not ended
  /// (stuck_calls), or the count window is longer than 1,000 calls.
  [[nodiscard]] bool possible() const noexcept { return possible_; }
  /// Leaves no mark in any window: a success that is neither slow nor high.
  [[nodiscard]] bool is_plain(const Outcome& outcome) const noexcept {
    return outcome.verdict == Verdict::success && outcome.latency <= slow_above_ &&
           outcome.latency < high_from_;
  }

 private:
  friend class QuietWindow;

  std::uint32_t size_ = 0;  ///< of a count window; 0: there is none
  Duration duration_{};     ///< of a time window; zero: there is none
  bool possible_ = true;
  Duration slow_above_;
  Duration high_from_;
};

/// Threads: one at a time. Never allocates.
class QuietWindow {
 public:
  /// A plain success at `now`. False, and nothing was added: it holds as many as it can.
  [[nodiscard]] bool add(const QuietRules& rules, TimePoint now) noexcept;
  /// Makes the same calls to a new breaker with the options of the rules. At most 1,000.
  void replay(const QuietRules& rules, CircuitBreaker& breaker, TimePoint now) const noexcept;
  /// Takes over the window of a closed breaker that has no mark in it. False, and nothing was taken: it holds
  /// more than this one can.
  [[nodiscard]] bool take(const QuietRules& rules, const WindowSnapshot& window) noexcept;
  /// When a breaker that replay() is for must have been made at the latest.
  [[nodiscard]] TimePoint begun(const QuietRules& rules, TimePoint now) const noexcept;
  /// Plain successes at `now`.
  [[nodiscard]] std::uint64_t calls(const QuietRules& rules, TimePoint now) const noexcept;

 private:
  /// A service that is called more often within one time window has a whole breaker.
  static constexpr std::size_t most_times = 8;

  std::uint32_t count_ = 0;                    ///< of a count window's calls; of times_
  std::array<TimePoint, most_times> times_{};  ///< of a time window's calls, ascending
};

}  // namespace switchgear::detail
