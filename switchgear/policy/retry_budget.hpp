// How many retries a dependency is sent beside its calls, at most: what keeps retries from making an outage
// worse. Two measures, of which an owner chooses one:
//
//   window      retries ≤ ratio × calls + min_per_second × 10, over the last 10 s
//   concurrent  retries in flight ≤ max(ratio × calls in flight, min_concurrency): Envoy's retry budget
//
// The bound of `concurrent`: at the moment in which a retry is granted, it holds, the retry included. Calls
// may end before their retries do, and then it does not hold until these have ended as well.
//
// The bound of `window`: whenever a retry is granted, the retries granted in the 10 s up to and with it are
// at most ratio × (calls begun in these 10 s) + min_per_second × 10. As retries are only made by being
// granted, every other window of 10 s holds no more than the one that ends with its last retry. (Nothing
// could hold the calls of a window to account that has yet to come.) The idea is Finagle's RetryBudget; that
// one is a bucket of tokens, this one the window itself.
//
// Invariants: 1. a call is counted only while it is surely inside the window; 2. a retry is counted for as
// long as it may be inside; 3. the sum that a grant is decided by is brought up to date under `mutex_`.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/core/time.hpp"
#include "switchgear/policy/option_problem.hpp"
#include "switchgear/policy/retries_in_flight.hpp"
#include "switchgear/striped/bucket_counts.hpp"

namespace switchgear {

/// What retries are measured against.
enum class BudgetMode : std::uint8_t {
  window,      ///< the calls of the last 10 s
  concurrent,  ///< the calls in flight; costs each call two additions to a word that all threads share
};

[[nodiscard]] constexpr std::string_view to_string(BudgetMode mode) noexcept {
  return mode == BudgetMode::window ? "window" : "concurrent";
}

struct RetryBudgetOptions {
  /// Retries per call, over the last 10 s or in flight; 0 … 10. Raise it when few calls fail but each must be
  /// repeated.
  double ratio = 0.2;
  /// Of BudgetMode::window. Retries per second that are free of calls, so that a dependency with little
  /// traffic is retried at all: ten times as many in any 10 s. 0 … 1'000'000.
  double min_per_second = 3;
  BudgetMode mode = BudgetMode::window;
  /// Of BudgetMode::concurrent. So many retries may be in flight however few the calls; 0 … 1'000'000.
  std::uint32_t min_concurrency = 3;

  friend bool operator==(const RetryBudgetOptions&, const RetryBudgetOptions&) = default;
};

[[nodiscard]] std::vector<OptionProblem> validate(const RetryBudgetOptions& options);

/// Since construction.
struct RetryBudgetTotals {
  std::uint64_t granted = 0;
  std::uint64_t refused = 0;
};

struct RetryBudgetSnapshot {
  std::uint64_t calls = 0;    ///< surely inside the last 10 s; or in flight
  std::uint64_t retries = 0;  ///< that may be inside the last 10 s; or in flight
  std::uint64_t left = 0;     ///< retries that would be granted now, one after the other
  RetryBudgetTotals totals;
};

/// One budget, shared by whatever sends further attempts to one dependency: its Retry and its Hedge.
///
///     RetryBudget budget{"payment", {.ratio = 0.2, .min_per_second = 3}};
///     const auto call = budget.on_call(now);            // for every call, not for its retries
///     const auto retry = budget.try_spend(now);
///     if (!retry) return the_failure;                   // exhausted: no retry; running calls go on
///
/// Not for: limiting calls (a rate limiter does).
/// Threads: every method from any thread. on_call() is wait-free for the first threads (as many as the
/// machine has cores, and two), without a lock for all. Lifetime: must outlive those it was handed to.
/// Neither copied nor moved. Allocates only when constructed: 512 bytes for each of those threads. Time:
/// windows are kept in buckets of 2^28 ns (0.27 s), so a call earns its share for 9.66 s at least, and a
/// retry weighs for 10.47 s at most. A `now` of try_spend() smaller than the latest it saw is read as that
/// latest; the bound above is exact while readings are handed in less than 0.2 s late.
class RetryBudget {
 public:
  static constexpr Duration window = std::chrono::seconds{10};

  /// Throws std::invalid_argument naming every problem when `options` are not valid.
  explicit RetryBudget(std::string name, const RetryBudgetOptions& options = {});
  RetryBudget(const RetryBudget&) = delete;
  RetryBudget& operator=(const RetryBudget&) = delete;

  /// What is in flight until it is destroyed; in BudgetMode::window it holds nothing.
  using InFlight = RetriesInFlight::Place;

  /// A call begins. Not to be called for retries and hedges of it. Keep what it returns until the call ends.
  [[nodiscard]] InFlight on_call(TimePoint now) noexcept {
    if (options_.mode == BudgetMode::concurrent) return in_flight_.begin_call();
    calls_.add(now);
    return {};
  }

  /// Requests one retry. Empty: it was not granted. Keep what it returns until the retry ends. A retry of the
  /// window cannot be given back; that mode takes a mutex that no call takes.
  [[nodiscard]] std::optional<InFlight> try_spend(TimePoint now) noexcept;

  /// What the window holds at `now`. Changes nothing.
  [[nodiscard]] RetryBudgetSnapshot snapshot(TimePoint now) const noexcept;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const RetryBudgetOptions& options() const noexcept { return options_; }

 private:
  static constexpr int width_bits = 28;
  static constexpr std::uint64_t width = std::uint64_t{1} << width_bits;
  static constexpr std::uint64_t window_ticks = 10'000'000'000;
  /// Whole buckets that surely lie in the window, the current, partial one among them; and those that may.
  static constexpr std::uint64_t surely_inside = window_ticks / width;
  static constexpr std::uint64_t maybe_inside = (window_ticks + width - 1) / width + 1;
  static constexpr std::size_t ring = BucketCounts::ring;
  static_assert(ring >= maybe_inside + 16, "a writer that is ahead must not overwrite what a reader sums");

  [[nodiscard]] bool try_spend_window(TimePoint now) noexcept;
  [[nodiscard]] bool allows(RetriesInFlight::Counts counts) const noexcept;
  void look_at_window(TimePoint now, RetryBudgetSnapshot& seen) const noexcept;
  void look_at_flight(RetryBudgetSnapshot& seen) const noexcept;
  [[nodiscard]] std::uint64_t closed_calls_at_locked(std::uint64_t bucket) const noexcept;
  [[nodiscard]] std::uint64_t retries_at_locked(std::uint64_t bucket) const noexcept;
  [[nodiscard]] bool covers(std::uint64_t retries, std::uint64_t calls) const noexcept;
  void move_to_locked(std::uint64_t bucket) noexcept;

  RetriesInFlight in_flight_;  ///< of BudgetMode::concurrent; the rest is the window's
  BucketCounts calls_{width_bits};
  const double free_;  ///< min_per_second × 10

  mutable std::mutex mutex_;
  std::uint64_t current_ = 0;        ///< the latest bucket try_spend() saw
  std::uint64_t current_calls_ = 0;  ///< in it, when last summed
  std::uint64_t closed_calls_ = 0;   ///< in the other buckets that are surely inside
  std::uint64_t retries_ = 0;        ///< in the buckets that may be inside
  std::array<std::uint64_t, ring> closed_by_bucket_{};
  std::array<std::uint64_t, ring> retries_by_bucket_{};
  std::atomic<std::uint64_t> granted_{0};
  std::atomic<std::uint64_t> refused_{0};
  const std::string name_;
  const RetryBudgetOptions options_;
};

}  // namespace switchgear
