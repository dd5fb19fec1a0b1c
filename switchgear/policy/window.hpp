// The two kinds of window: CountWindow and TimeWindow. Each counts plain successes without a lock and has the
// rest of its state behind the lock of the Evidence that owns it; what is "under the lock" below is called
// with it held.
//
// Why figures read under the lock are those of one moment: only a call that is booked under the lock changes
// failures, slow or high calls, so they stand still; the number of plain successes only grows, by one at a
// time, so whatever a reader finds while it looks, it was exactly that at some instant meanwhile.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "switchgear/core/time.hpp"
#include "switchgear/policy/call_cells.hpp"
#include "switchgear/policy/circuit_breaker_options.hpp"
#include "switchgear/policy/latency_code.hpp"
#include "switchgear/policy/mark_ring.hpp"
#include "switchgear/policy/pause_point.hpp"

namespace switchgear {

/// The last `size` calls.
///
/// Until the window is full every call is booked under the lock, so that the call that reaches
/// `minimum_calls` is known exactly. From then on a plain success is one fetch_add on the cursor and touches
/// nothing else: it gives the call its place, and the next call under the lock passes over all places that
/// were taken meanwhile. Since marked calls take their places under the lock, every place passed over is a
/// success's, however long ago its thread was pre-empted.
///
/// A success that was still on its way when a later generation filled this window is counted as a success of
/// that generation. It can lower a rate by one call in `size`, never raise it.
class CountWindow {
 public:
  CountWindow(const CountWindowOptions& options, bool keeps_latency);

  /// Counts a plain success. Without the lock, and only while full().
  void count_success(Duration latency) noexcept {
    detail::pause_point();
    const std::uint64_t place = cursor_.fetch_add(1, std::memory_order_relaxed);
    if (codes_) [[unlikely]]
      keep_latency(place, latency);
  }

  // --- under the lock
  void start() noexcept;
  [[nodiscard]] bool full() const noexcept { return filled_ == ring_.size(); }
  void add(const CallMarks& marks) noexcept {
    if (!full()) {
      fill(marks);
      return;
    }
    const std::uint64_t place = cursor_.fetch_add(1, std::memory_order_relaxed);
    detail::pause_point();
    if (codes_) keep_latency(place, marks.latency);
    ring_.skip(place - next_);
    ring_.put(marks);
    next_ = place + 1;
  }
  /// As the latest call under the lock left it.
  [[nodiscard]] WindowCounts seen() const noexcept {
    return {filled_, ring_.failures(), ring_.slow(), ring_.high()};
  }
  /// As it is now.
  [[nodiscard]] WindowCounts counts() noexcept;
  /// The quantile's latency, rounded to the middle of its code's step; for evidence, not for deciding. Calls
  /// on their way may be missing. O(size).
  [[nodiscard]] Duration quantile(double quantile) const noexcept;
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
  friend class CircuitBreakerTestPeer;

  void fill(const CallMarks& marks) noexcept;
  void keep_latency(std::uint64_t place, Duration latency) noexcept {
    codes_[place % ring_.size()].store(static_cast<std::uint16_t>(latency_code(latency) + 1),
                                       std::memory_order_relaxed);
  }

  MarkRing ring_;
  std::uint64_t filled_ = 0;  ///< calls in the window
  std::uint64_t next_ = 0;    ///< while full: the first place that the ring has not passed
  /// Latency codes + 1 by place; 0: no call yet. Only with a latency rule.
  const std::unique_ptr<std::atomic<std::uint16_t>[]> codes_;
  alignas(64) std::atomic<std::uint64_t> cursor_{0};  ///< the one line that every success writes
};

/// The calls of the last `duration`, in buckets aligned to the clock. A plain success is counted in its
/// thread's own cell; a bucket remembers what the cells held when it began, so that beginning one costs a few
/// loads. All other calls are counted in the bucket itself, under the lock.
///
/// A success on its way while another thread begins a bucket is booked in the bucket before or after the
/// border.
class TimeWindow {
 public:
  /// `cells` must outlive the window, and be given to no other one.
  TimeWindow(const TimeWindowOptions& options, bool keeps_latency, CallCells& cells);

  /// Counts a plain success and returns true, unless a bucket must begin or `cell` is shared: then nothing
  /// was booked. Without the lock.
  bool try_count_success(CallCell& cell, std::uint64_t generation, Duration latency, TimePoint now) noexcept {
    if (ticks_of(now) >= bucket_end_.load(std::memory_order_relaxed) || cell.shared) return false;
    detail::pause_point();
    cell.window_successes.add_owned(generation);
    if (codes_) [[unlikely]]
      count_code(latency);
    return true;
  }

  // --- under the lock
  void start(std::uint64_t generation, TimePoint now) noexcept;
  void add(CallCell& cell, const CallMarks& marks, TimePoint now) noexcept;
  /// The window at its latest bucket, with no more calls than it holds: `calls` lacks successes counted since
  /// somebody last asked for counts().
  [[nodiscard]] WindowCounts seen() const noexcept;
  /// The window at its latest bucket. O(threads).
  [[nodiscard]] WindowCounts counts() noexcept;
  /// The window as it is at `now`, forgetting what is too old by then, without changing anything. O(threads +
  /// buckets).
  [[nodiscard]] WindowCounts counts_at(TimePoint now) const noexcept;
  /// The quantile's latency, rounded to the middle of its code's step; for evidence, not for deciding. Calls
  /// on their way may be missing. O(buckets).
  [[nodiscard]] Duration quantile(double quantile) const noexcept;
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
  friend class CircuitBreakerTestPeer;

  struct Bucket {
    std::uint64_t successes_before = 0;  ///< in all cells when it began
    WindowCounts marked;                 ///< calls with a mark
  };

  [[nodiscard]] std::int64_t bucket_of(TimePoint now) const noexcept;
  [[nodiscard]] TimePoint end_of(std::int64_t bucket) const noexcept;
  [[nodiscard]] Bucket& at(std::int64_t bucket) const noexcept;
  [[nodiscard]] std::uint64_t successes() const noexcept;
  [[nodiscard]] WindowCounts with(std::uint64_t successes) const noexcept;
  void roll(TimePoint now) noexcept;
  void begin(std::int64_t bucket) noexcept;
  [[nodiscard]] std::size_t codes_of(std::int64_t bucket) const noexcept;
  void count_code(Duration latency) noexcept;

  const Duration duration_;
  const std::uint32_t buckets_;
  CallCells& cells_;
  const std::unique_ptr<Bucket[]> ring_;  ///< by bucket modulo buckets_
  /// By bucket modulo buckets_, then by code; only with a latency rule.
  const std::unique_ptr<std::atomic<std::uint32_t>[]> codes_;

  std::uint64_t generation_ = 0;
  std::uint64_t successes_seen_ = 0;  ///< in all cells, when last summed
  WindowCounts marked_;               ///< sum over the buckets
  std::atomic<std::int64_t> bucket_{0};

  alignas(64) std::atomic<Duration::rep> bucket_end_{0};  ///< read by every success, written once per bucket
};

}  // namespace switchgear
