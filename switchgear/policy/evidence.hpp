// What a closed breaker has seen of its calls, and whether a trip rule holds. Shared by all threads.
//
// A plain success (neither slow nor high, when no failure streak is to be ended) is counted without a lock.
// Every other call is booked under one short lock, and what the rules look at is read before the lock is
// released. Therefore:
//
//   1. The figures of an opening are those of one moment: the recorded calls had them in some order of the
//   ones that
//      overlapped. No sum is updated in two steps that another thread could come between.
//   2. A call of an earlier generation changes nothing: its generation is compared under the lock.
//   3. The call that brings the window to `minimum_calls` is booked under the lock, so it is noticed: always
//   with a
//      count window; with a time window, if a success overlaps a call that makes the window mind successes,
//      possibly only by the next recorded call.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "switchgear/core/event.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/policy/call_cells.hpp"
#include "switchgear/policy/circuit_breaker_options.hpp"
#include "switchgear/policy/short_lock.hpp"
#include "switchgear/policy/trip_rules.hpp"
#include "switchgear/policy/window.hpp"

namespace switchgear {

/// Threads: every method from any thread. `options` and `cells` must outlive it.
class Evidence {
 public:
  Evidence(const CircuitBreakerOptions& options, CallCells& cells);

  /// Forgets everything; a new generation begins at `now`.
  void start(std::uint64_t generation, TimePoint now) noexcept;

  /// Counts a success that is neither slow nor high and returns true, unless it has more to do than being
  /// counted: then nothing was booked and add() must be called.
  [[gnu::always_inline]] bool try_add_success(CallCell& cell, std::uint64_t generation, Duration latency,
                                              TimePoint now) noexcept {
    if (plain_for_.load(std::memory_order_acquire) != generation) return false;
    if (time_window_) return time_window_->try_count_success(cell, generation, latency, now);
    if (count_window_) count_window_->count_success(latency);
    return true;
  }

  struct Added {
    bool booked = false;                 ///< false: the generation is over
    std::optional<TrippedRule> tripped;  ///< the rule that holds, with the window of that moment
  };
  /// Books a call of `generation` that ends at `now`.
  [[nodiscard]] Added add(CallCell& cell, std::uint64_t generation, const CallMarks& marks,
                          TimePoint now) noexcept;

  /// The figures of the latest generation as the latest call left them.
  [[nodiscard]] WindowSnapshot latest() const noexcept;

  /// The figures of the latest generation, without the calls that are too old at `now`.
  [[nodiscard]] WindowSnapshot at(TimePoint now) const noexcept;

  [[nodiscard]] std::size_t memory_bytes() const noexcept;  ///< what it owns on the heap

 private:
  friend class CircuitBreakerTestPeer;

  void count_streaks(bool failed) noexcept;
  /// Reads the window after a booking; the calls of a time window may be too few, never below `minimum_calls`
  /// wrongly.
  [[nodiscard]] WindowSnapshot seen() noexcept;
  [[nodiscard]] WindowSnapshot snapshot_of(const WindowCounts& counts) const noexcept;
  [[nodiscard]] std::optional<TrippedRule> judge(const WindowSnapshot& seen,
                                                 std::uint64_t generation) noexcept;
  void publish(const WindowSnapshot& seen) noexcept;

  const CircuitBreakerOptions& options_;
  const std::unique_ptr<CountWindow> count_window_;
  const std::unique_ptr<TimeWindow> time_window_;
  /// The generation whose plain successes only need to be counted; 0: none's.
  std::atomic<std::uint64_t> plain_for_{0};

  alignas(64) mutable ShortLock lock_;  // over all that follows, and the windows
  std::uint64_t generation_ = 0;
  std::uint64_t consecutive_failures_ = 0;
  std::uint64_t failure_balance_ = 0;
};

}  // namespace switchgear
