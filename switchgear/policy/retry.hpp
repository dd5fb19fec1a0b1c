// Whether a failed call is tried again, and when. A sans-I/O decision: it neither waits nor calls.
//
// Delay before retry k = 1, 2, …, before jitter, never above max_delay:
//
//   fixed        base
//   linear       base · k
//   exponential  base · factor^(k−1)
//
// Then jitter spreads that delay d, each draw uniform in
//
//   none          d
//   full          0 … d
//   equal         0.5 d … 1.5 d
//   ratio         d · (1 ± jitter_ratio)
//   decorrelated  base … 3 × the delay before, at most max_delay; the first time up to 3 × base
//
// `decorrelated` does not read the backoff. The names are those of Marc Brooker, "Exponential Backoff And
// Jitter" (AWS Architecture Blog, 2015), which also shows by simulation why the best choice is `full`, or
// `decorrelated`; `equal` is spread about d here, not below it as there.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/core/outcome.hpp"
#include "switchgear/core/policy_event.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/policy/event_fanout.hpp"
#include "switchgear/policy/option_problem.hpp"
#include "switchgear/policy/retry_budget.hpp"
#include "switchgear/policy/retry_delay.hpp"
#include "switchgear/striped/exchanged.hpp"

namespace switchgear {

enum class Backoff : std::uint8_t { fixed, linear, exponential };
enum class Jitter : std::uint8_t { none, full, equal, ratio, decorrelated };

[[nodiscard]] constexpr std::string_view to_string(Backoff backoff) noexcept {
  constexpr std::array<std::string_view, 3> names{"fixed", "linear", "exponential"};
  return names[static_cast<std::size_t>(backoff)];
}

[[nodiscard]] constexpr std::string_view to_string(Jitter jitter) noexcept {
  constexpr std::array<std::string_view, 5> names{"none", "full", "equal", "ratio", "decorrelated"};
  return names[static_cast<std::size_t>(jitter)];
}

/// The use of a `Retry-After`: a floor under the delay, up to a limit.
struct HonorRetryAfter {
  /// Longest wait that a server may ask for; at least 0s. If the server asks for more, the caller gets the
  /// server's answer at once and no further attempt is made. Raise it for background work.
  Duration max = std::chrono::seconds{30};

  friend bool operator==(const HonorRetryAfter&, const HonorRetryAfter&) = default;
};

struct RetryOptions {
  std::uint32_t max_attempts = 3;  ///< the first one counts; 1 (no retry) … 1'000'000
  Backoff backoff = Backoff::exponential;
  Duration base = std::chrono::milliseconds{100};  ///< delay before the first retry; 0s: at once
  double factor = 2;                               ///< of `exponential`; 1 … 1000
  /// Longest delay before jitter; at least `base`. `equal` and `ratio` may go above it by their half or
  /// share.
  Duration max_delay = std::chrono::seconds{5};
  Jitter jitter = Jitter::full;  ///< `none` lets callers that failed together come back together
  double jitter_ratio = 0.1;     ///< of Jitter::ratio; 0 … 1
  HonorRetryAfter honor_retry_after{};
  /// In place of `backoff`, `base`, `factor` and `jitter`. Its delay is held between 0s and max_delay;
  /// attempts, `Retry-After`, deadline and budget are checked as without it. Not in YAML.
  RetryDelay delay{};

  friend bool operator==(const RetryOptions&, const RetryOptions&) = default;
};

[[nodiscard]] std::vector<OptionProblem> validate(const RetryOptions& options);

/// The delay before retry `k`, counted from 1, before jitter. Precondition: valid options. O(1) for any k.
[[nodiscard]] Duration backoff_delay(const RetryOptions& options, std::uint32_t k) noexcept;

/// The least and the greatest delay that jitter can make of it. A `Retry-After` may still lengthen it, to at
/// most `honor_retry_after.max`. Of a delay function nothing is known: 0s to max_delay.
struct DelayRange {
  Duration least{}, most{};
};
/// `previous` is the delay before retry k − 1 (decorrelated only; zero: there was none).
[[nodiscard]] DelayRange delay_range(const RetryOptions& options, std::uint32_t k,
                                     Duration previous = {}) noexcept;

/// Since construction.
struct RetryTotals {
  std::uint64_t retries = 0;    ///< attempts decided on, the first of a call not among them
  std::uint64_t recovered = 0;  ///< calls that succeeded, and would have failed without a retry
  std::array<std::uint64_t, given_up_reasons.size()> given_up{};

  [[nodiscard]] std::uint64_t given_up_for(GivenUp reason) const noexcept {
    return given_up[static_cast<std::size_t>(reason)];
  }
};

struct RetrySnapshot {
  RetryTotals totals;
};

/// The retries of all calls to one dependency.
///
///     Retry retry{"payment", {.max_attempts = 3}, seed, &budget};
///     Retry::Progress progress;                                    // one call's
///     retry.on_call(progress, now);
///     for (;;) {
///       const Outcome outcome = attempt();
///       const auto next = retry.next_attempt(progress, outcome, now(), deadline);
///       if (!next) return outcome;
///       wait_until(*next);
///     }
///
/// Not for: refusals by a breaker (they are not outcomes: the driver of the call ends it), nor for calls that
/// must not be made twice: that is the caller's to know. Outcome::repeat says what the verdict does not.
/// Threads: every method from any thread; a Progress is one call's, one thread at a time. A success at
/// the first attempt touches nothing that threads share. Lifetime: must outlive its calls; the budget must
/// outlive it. Neither copied nor moved. Never allocates after construction. Chance: the n-th delay drawn is
/// a function of the seed and n, so runs of one thread repeat exactly.
class Retry {
 public:
  /// The progress of one call. Starts as `{}`; destroyed when the call has ended.
  struct Progress {
    std::uint32_t retries = 0;
    Duration previous{};  ///< the last delay drawn; decorrelated jitter goes on from it
    // For a budget of what is in flight.
    RetryBudget::InFlight call{};
    RetryBudget::InFlight retry{};  ///< from when it was decided on until its attempt has ended
  };

  /// Throws std::invalid_argument naming every problem when `options` are not valid. The budget is borrowed
  /// and may be shared; without one, retries are limited by max_attempts alone.
  Retry(std::string name, const RetryOptions& options, std::uint64_t seed = 0, RetryBudget* budget = nullptr);
  Retry(const Retry&) = delete;
  Retry& operator=(const Retry&) = delete;

  /// A call begins: what its budget counts. Does nothing without a budget.
  void on_call(Progress& progress, TimePoint now) noexcept {
    if (budget_ != nullptr) progress.call = budget_->on_call(now);
  }

  /// An attempt has ended with `outcome`. Returns when to begin the next one, at or after `now`; empty: there
  /// is none, `outcome` is the call's. Checks in this order: is it worth repeating, are attempts left, is
  /// `outcome.retry_after` at most `honor_retry_after.max`, does the delay function (if there is one) want
  /// it, would the attempt begin before `deadline` (TimePoint::max(): there is none), does the budget grant
  /// it. So an attempt that will not be made costs the budget nothing. `outcome.retry_after` is a floor under
  /// the delay, also above max_delay.
  [[nodiscard]] std::optional<TimePoint> next_attempt(Progress& progress, const Outcome& outcome,
                                                      TimePoint now, TimePoint deadline) noexcept {
    progress.retry.release();
    if (!outcome.worth_repeating()) {
      if (outcome.verdict == Verdict::failure) give_up(GivenUp::pointless, progress, outcome, now);
      if (outcome.verdict == Verdict::success) on_success(progress);
      return std::nullopt;
    }
    return decide(progress, outcome, now, deadline);
  }
  /// The last attempt was a success. Only for those who do not ask next_attempt() then.
  void on_success(const Progress& progress) noexcept {
    if (progress.retries != 0) recovered_.fetch_add(1, std::memory_order_relaxed);
  }

  [[nodiscard]] RetryTotals totals() const noexcept;
  [[nodiscard]] RetrySnapshot snapshot() const noexcept { return {totals()}; }

  /// Where listeners subscribe for this policy's events.
  [[nodiscard]] EventFanout& events() noexcept { return events_; }

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] RetryOptions options() const noexcept { return options_.get(); }

  /// Other options from now on; calls that have begun keep the attempts they have made. Throws
  /// std::invalid_argument, and changes nothing, when they are not valid.
  void set_options(const RetryOptions& options);
  [[nodiscard]] RetryBudget* budget() const noexcept { return budget_; }

 private:
  using Counter = std::atomic<std::uint64_t>;

  [[nodiscard]] std::optional<TimePoint> decide(Progress& progress, const Outcome& outcome, TimePoint now,
                                                TimePoint deadline) noexcept;
  /// Precondition: no delay function.
  [[nodiscard]] Duration draw_delay(const RetryOptions& options, const Progress& progress) noexcept;
  void give_up(GivenUp reason, const Progress& progress, const Outcome& outcome, TimePoint now) noexcept;

  RetryBudget* const budget_;
  Exchanged<RetryOptions> options_;
  const std::uint64_t seed_;
  const std::string name_;
  // Written by calls of which an attempt fails only; a line of its own, so that successes read the rest
  // undisturbed.
  alignas(64) Counter drawn_{0};
  Counter retries_{0};
  Counter recovered_{0};
  std::array<Counter, given_up_reasons.size()> given_up_{};
  EventFanout events_;
};

}  // namespace switchgear
