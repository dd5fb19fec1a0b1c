// The memory of a closed breaker: which of the latest calls failed, were slow, were high. Two kinds,
// CountWindow and TimeWindow. Both are shared by all threads without a lock; both belong to one generation at
// a time and start empty with it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "switchgear/core/event.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/policy/call_cells.hpp"
#include "switchgear/policy/circuit_breaker_options.hpp"
#include "switchgear/policy/latency_code.hpp"

namespace switchgear {

/// What the window keeps of one recorded call.
struct CallMarks {
  bool failed = false;
  bool slow = false;  ///< slower than slow_call.threshold
  bool high = false;  ///< at or above latency.above
  Duration latency{};

  [[nodiscard]] bool plain() const noexcept { return !failed && !slow && !high; }
};

/// Sums over the window. What only a success adds to (`calls`) can make no rule hold by itself, so successes
/// may skip evaluation: see `needs_check` of add().
struct WindowCounts {
  std::uint64_t calls = 0, failures = 0, slow = 0, high = 0;
};

/// The last `size` calls in one ring. An add is one fetch_add on the cursor; the ring and its sums are only
/// written when a call differs from the one it pushes out.
class CountWindow {
 public:
  CountWindow(const CountWindowOptions& options, bool keeps_latency);

  /// Empties the window for a new generation. Called with transitions locked out.
  void start(std::uint64_t generation) noexcept;

  /// Books a plain success and returns true, unless it needs the long way: then nothing was booked.
  template <class IsCurrent>
  bool try_add_success(std::uint64_t generation, IsCurrent is_current) noexcept {
    if (keeps_latency_ || !failures_.surely_zero() || !slow_.surely_zero()) return false;
    const std::uint64_t index = cursor_.fetch_add(1, std::memory_order_relaxed);
    std::atomic<std::uint32_t>& slot = slots_[index % size_];
    if (slot.load(std::memory_order_relaxed) != slot_bits(generation, 0)) [[unlikely]] {
      replace(slot, generation, slot_bits(generation, 0), is_current);
    }
    return true;
  }

  template <class IsCurrent>
  void add(std::uint64_t generation, const CallMarks& marks, IsCurrent is_current) noexcept {
    const std::uint64_t index = cursor_.fetch_add(1, std::memory_order_seq_cst);
    std::uint32_t bits =
        (marks.failed ? failed_bit : 0U) | (marks.slow ? slow_bit : 0U) | (marks.high ? high_bit : 0U);
    if (keeps_latency_) bits |= latency_code(marks.latency) << code_shift;
    replace(slots_[index % size_], generation, slot_bits(generation, bits), is_current);
  }

  [[nodiscard]] WindowCounts counts(std::uint64_t generation) const noexcept;

  /// The quantile's latency, rounded to the middle of its code's step. Reads the whole ring; for evidence,
  /// not for deciding.
  [[nodiscard]] Duration quantile(std::uint64_t generation, double quantile) const noexcept;

  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    return size_ * sizeof(std::atomic<std::uint32_t>);
  }

 private:
  friend class CircuitBreakerTestPeer;

  // A slot: 3 marks, 10 bits of latency code, 19 bits of generation. A slot of another generation is empty.
  static constexpr std::uint32_t failed_bit = 1, slow_bit = 2, high_bit = 4;
  static constexpr std::uint32_t code_shift = 3;
  static constexpr std::uint32_t tag_shift = 13;

  [[nodiscard]] static std::uint32_t slot_bits(std::uint64_t generation, std::uint32_t low) noexcept {
    return (static_cast<std::uint32_t>(generation) << tag_shift) | low;
  }

  /// Puts a call into its slot and brings the sums up to date. A straggler from an earlier generation changes
  /// no sum and overwrites no slot of the current one; the index it used stands for a success.
  template <class IsCurrent>
  void replace(std::atomic<std::uint32_t>& slot, std::uint64_t generation, std::uint32_t bits,
               IsCurrent is_current) noexcept {
    std::uint32_t old = slot.load(std::memory_order_relaxed);
    do {
      if (!is_current()) return;
    } while (!slot.compare_exchange_weak(old, bits, std::memory_order_seq_cst, std::memory_order_relaxed));
    const std::uint32_t pushed_out = (old >> tag_shift) == (bits >> tag_shift) ? old : 0U;
    const auto adjust = [&](TaggedCount& sum, std::uint32_t bit) {
      const bool now = (bits & bit) != 0;
      if (now == ((pushed_out & bit) != 0)) return;
      sum.update(
          generation, [now](std::uint64_t count) { return now ? count + 1 : count - 1; }, is_current);
    };
    adjust(failures_, failed_bit);
    adjust(slow_, slow_bit);
    adjust(high_, high_bit);
  }

  const std::uint64_t size_;
  const bool keeps_latency_;
  const std::unique_ptr<std::atomic<std::uint32_t>[]> slots_;
  std::atomic<std::uint64_t> base_{0};  ///< the cursor when the generation began
  std::uint64_t started_ = 0;           ///< the generation, for start() alone
  TaggedCount failures_, slow_, high_;
  alignas(64) std::atomic<std::uint64_t> cursor_{0};  ///< the one line that every call writes
};

/// The calls of the last `duration`, bucket by bucket. Every thread adds to its own cell and never takes
/// back: the window is what the cells hold now less what they held when its oldest bucket began. So a bucket
/// costs one line in `began_`, not one per thread, and forgetting it costs one thread a few loads once per
/// bucket.
class TimeWindow {
 public:
  /// `cells` must outlive the window, and be given to no other one.
  TimeWindow(const TimeWindowOptions& options, bool keeps_latency, std::uint64_t minimum_calls,
             CallCells& cells);

  /// Empties the window for a new generation that begins at `now`. Called with transitions locked out.
  void start(std::uint64_t generation, TimePoint now) noexcept;

  /// Books a plain success and returns true, unless it needs the long way: then nothing was booked.
  bool try_add_success(CallCell& cell, std::uint64_t generation, TimePoint now) noexcept {
    if (now.time_since_epoch().count() >= bucket_end_.load(std::memory_order_relaxed) ||
        attentive_.load(std::memory_order_relaxed) != 0 || cell.shared || codes_) {
      return false;
    }
    cell.window_calls.add_owned(generation, std::memory_order_relaxed);
    return true;
  }

  /// Books any call. Returns whether a rule may hold now that did not before: always after a failure, a slow
  /// or a high call; after a plain success only when it began a bucket (older calls were forgotten) or while
  /// calls < minimum_calls.
  template <class IsCurrent>
  bool add(CallCell& cell, std::uint64_t generation, const CallMarks& marks, TimePoint now,
           IsCurrent is_current) noexcept {
    const bool rolled = now.time_since_epoch().count() >= bucket_end_.load(std::memory_order_acquire) &&
                        roll(generation, now);
    const auto count = [&](TaggedCount& counter) {
      if (cell.shared) {
        counter.update(
            generation, [](std::uint64_t n) { return n + 1; }, is_current);
      } else {
        counter.add_owned(generation, std::memory_order_seq_cst);
      }
    };
    count(cell.window_calls);
    if (marks.failed) count(cell.window_failures);
    if (marks.slow) count(cell.window_slow);
    if (marks.high) count(cell.window_high);
    if (codes_) count_code(marks.latency);
    return rolled || !marks.plain() || attentive_.load(std::memory_order_relaxed) != 0;
  }

  /// The sums at the window's latest bucket. Keeps in mind whether successes must be checked from here on.
  [[nodiscard]] WindowCounts counts(std::uint64_t generation) noexcept;

  /// The sums as they are at `now`, forgetting what is too old by then, without changing anything.
  [[nodiscard]] WindowCounts counts_at(std::uint64_t generation, TimePoint now) const noexcept;

  /// The quantile's latency, rounded to the middle of its code's step; for evidence, not for deciding.
  [[nodiscard]] Duration quantile(double quantile) const noexcept;

  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
  friend class CircuitBreakerTestPeer;

  [[nodiscard]] std::int64_t bucket_of(TimePoint now) const noexcept;
  [[nodiscard]] TimePoint end_of(std::int64_t bucket) const noexcept;
  [[nodiscard]] WindowCounts sum_cells(std::uint64_t generation) const noexcept;
  [[nodiscard]] WindowCounts& began(std::int64_t bucket) const noexcept;
  bool roll(std::uint64_t generation, TimePoint now) noexcept;
  void publish(const WindowCounts& forgotten, std::int64_t bucket) noexcept;
  void count_code(Duration latency) noexcept;

  const Duration duration_;
  const std::uint32_t buckets_;
  const std::uint64_t minimum_calls_;
  CallCells& cells_;

  std::atomic<Duration::rep> bucket_end_{0};  ///< end of the current bucket; the only thing most calls read
  /// The generation in whose window bad calls lie among fewer than minimum_calls calls, or 0: then successes
  /// are checked too.
  std::atomic<std::uint64_t> attentive_{0};

  // What the cells held when the window's oldest bucket began; read together under an even, unchanged
  // `sequence_`.
  std::atomic<std::uint64_t> sequence_{0};
  std::atomic<std::uint64_t> forgotten_calls_{0}, forgotten_failures_{0}, forgotten_slow_{0},
      forgotten_high_{0};

  // Written while `rolling_` is held: by one thread per bucket, which nobody waits for, and by start().
  mutable std::atomic<bool> rolling_{false};
  std::uint64_t generation_ = 0;
  std::atomic<std::int64_t> bucket_{0};
  const std::unique_ptr<WindowCounts[]> began_;  ///< by bucket modulo buckets_
  const std::unique_ptr<std::atomic<std::uint32_t>[]>
      codes_;  ///< buckets_ × latency_codes; only with a latency rule
};

}  // namespace switchgear
