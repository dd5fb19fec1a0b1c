// What a closed breaker has seen of its calls, and whether a trip rule holds. Shared by all threads.
//
// Most calls are counted where only their thread writes: plain successes (neither slow nor high, when no
// failure streak is to be ended), and marked calls as far as the thread's Allowance goes. The rest is booked
// while the window is quiescent: under one short lock, with all allowances taken back. What the rules look at
// is read before the lock is released. Therefore:
//
// 1. The figures of an opening are those of one moment: the recorded calls had them in some order of the ones
//    that overlapped. No sum is updated in two steps that another thread could come between.
// 2. No opening is missed: allowances add up to fewer marked calls than any rule needs.
// 3. A marked call of an earlier generation changes nothing: allowances and the lock's holder compare it.
// 4. The call that brings a count window to `minimum_calls` is booked while quiescent, so it is noticed. With
//    a time window, a success that overlaps the call by which the window begins to mind successes may be
//    noticed only with the next recorded call.
//
// models/window.pml checks 1 to 3 with a ring that is lapped.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "switchgear/core/event.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/policy/adaptation.hpp"
#include "switchgear/policy/breaker_levels.hpp"
#include "switchgear/policy/circuit_breaker_options.hpp"
#include "switchgear/policy/trip_rules.hpp"
#include "switchgear/striped/call_cells.hpp"
#include "switchgear/striped/short_lock.hpp"
#include "switchgear/striped/window.hpp"

namespace switchgear {

/// Threads: every method from any thread. `options` and `cells` must outlive it.
class Evidence {
 public:
  /// `adaptation`: null, or what says how many failures in a row open it; must outlive it. `levels`: null, or
  /// what says the options at each level; `options` are then those of the first one; must outlive it.
  Evidence(const CircuitBreakerOptions& options, CallCells& cells, const Adaptation* adaptation = nullptr,
           const BreakerLevels* levels = nullptr);

  /// Forgets everything; a new generation begins at `now`.
  void start(std::uint64_t generation, TimePoint now) noexcept { start(generation, now, nullptr); }
  /// The same, and goes by other options from here on, which must outlive it. Null: by the same.
  void start(std::uint64_t generation, TimePoint now, const CircuitBreakerOptions* options) noexcept;

  /// Counts a success that is neither slow nor high and returns true, unless it has more to do than being
  /// counted: then nothing was booked and add() must be called.
  [[gnu::always_inline]] bool try_add_success(CallCell& cell, std::uint64_t generation, Duration latency,
                                              TimePoint now) noexcept {
    if (plain_for_.load(std::memory_order_acquire) != generation) return false;
    if (time_window_) return time_window_->try_count_success(cell, generation, latency, now);
    if (count_window_) count_window_->count_success(latency);
    return true;
  }

  /// Books a call of `generation` that ends at `now`, and sets `tripped` if a rule holds with it: to the
  /// rule, and the figures of that moment. Returns false if the generation is over: then nothing was booked.
  [[nodiscard]] bool add(CallCell& cell, std::uint64_t generation, const CallMarks& marks, TimePoint now,
                         std::optional<TrippedRule>& tripped) noexcept;

  /// The same for a call that counts for the rules without a window only.
  [[nodiscard]] bool add_to_streaks(std::uint64_t generation, const CallMarks& marks,
                                    std::optional<TrippedRule>& tripped) noexcept;

  /// The figures of the latest generation as the latest call left them.
  [[nodiscard]] WindowSnapshot latest() const noexcept;

  /// The figures of the latest generation, without the calls that are too old at `now`.
  [[nodiscard]] WindowSnapshot at(TimePoint now) const noexcept;

  [[nodiscard]] std::size_t memory_bytes() const noexcept;  ///< what it owns on the heap

 private:
  friend class CircuitBreakerTestPeer;

  /// `widest`: what the window has room for.
  Evidence(const CircuitBreakerOptions& options, const CircuitBreakerOptions& widest, CallCells& cells,
           const Adaptation* adaptation);

  [[nodiscard]] bool try_add_allowed(CallCell& cell, std::uint64_t generation, const CallMarks& marks,
                                     TimePoint now) noexcept;
  [[nodiscard]] Allowance& allowance(std::uint32_t stripe) const noexcept {
    return count_window_ ? count_window_->allowance(stripe) : time_window_->allowance(stripe);
  }

  // --- while quiescent
  void quiesce() const noexcept;
  [[nodiscard]] bool enough(const WindowCounts& seen) const noexcept;
  /// Of consecutive_failures; 0: no such rule.
  [[nodiscard]] std::uint32_t streak_limit() const noexcept {
    return adaptation_ != nullptr ? adaptation_->consecutive_failures()
                                  : options_->consecutive_failures.value_or(0);
  }
  [[nodiscard]] bool streak_holds() const noexcept;
  void resume(const WindowCounts& seen, std::uint32_t marks_to_go) noexcept;
  void count_streaks(const CallMarks& marks) noexcept;
  [[nodiscard]] WindowCounts book(CallCell& cell, const CallMarks& marks, TimePoint now) noexcept;
  [[nodiscard]] WindowSnapshot snapshot_of(const WindowCounts& counts) const noexcept;
  [[nodiscard]] std::optional<TrippedRule> judge(const WindowCounts& seen) const noexcept;

  const CallCells& cells_;
  const std::unique_ptr<CountWindow> count_window_;
  const std::unique_ptr<TimeWindow> time_window_;
  TripBounds bounds_;  ///< guarded by lock_
  const bool grants_;  ///< whether marked calls may be booked by allowance: not if a streak must know of each
  /// The generation whose plain successes only need to be counted; 0: none's.
  std::atomic<std::uint64_t> plain_for_{0};
  const Adaptation* const adaptation_;

  alignas(64) mutable ShortLock lock_;  // over all that follows, and for quiescence
  const CircuitBreakerOptions* options_;
  mutable std::uint64_t granted_ = 0;  ///< stripes that have an allowance, a bit each
  mutable std::uint64_t active_ = 0;   ///< stripes whose threads have booked marked calls of late
  std::uint64_t generation_ = 0;
  std::uint64_t consecutive_failures_ = 0;
  std::uint64_t failure_balance_ = 0;
};

}  // namespace switchgear
