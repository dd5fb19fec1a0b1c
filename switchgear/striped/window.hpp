// The two kinds of window: CountWindow and TimeWindow. Each is striped: a thread with a stripe of its own
// counts plain successes freely, and marked calls as far as its Allowance goes. Everything else happens while
// the window is quiescent: the caller holds the lock of the Evidence that owns the window and has settled all
// allowances, so no other thread is booking a marked call.
//
// Why figures read while quiescent are those of one moment: the marked calls stand still; the number of plain
// successes only grows, by one at a time, so whatever a reader finds while it looks, it was exactly that at
// some instant meanwhile.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "switchgear/core/time.hpp"
#include "switchgear/striped/allowance.hpp"
#include "switchgear/striped/call_cells.hpp"
#include "switchgear/striped/latency_code.hpp"
#include "switchgear/striped/mark_ring.hpp"
#include "switchgear/striped/window_options.hpp"

namespace switchgear {

/// The last `size` calls.
///
/// A call takes its place with one fetch_add on the cursor. A plain success does nothing else. A marked call
/// is put into the ring of its stripe, where the places taken by other calls meanwhile are passed over; the
/// window's marks are those of all stripes' rings. Nobody waits for a plain success to arrive anywhere, so it
/// does not matter how long ago the thread that took a place was pre-empted.
///
/// A success that was still on its way when a later generation began is counted as a success of that
/// generation. It can lower a rate by one call in `size`, never raise it, and never help to reach
/// `minimum_calls`.
class CountWindow {
 public:
  /// What a window keeps besides marks.
  struct Keeps {
    bool latency = false;
    bool weights = false;
  };

  CountWindow(const CountWindowOptions& options, Keeps keeps, std::uint32_t stripes);

  /// Counts a plain success. Only while full().
  void count_success(Duration latency) noexcept {
    detail::pause_point();
    const std::uint64_t place = cursor_.fetch_add(1, std::memory_order_relaxed);
    if (codes_) [[unlikely]]
      keep_latency(place, latency);
  }

  /// Books a marked call in a stripe whose allowance was entered.
  void add_allowed(std::uint32_t stripe, const CallMarks& marks) noexcept {
    stripes_[stripe].put(take_place(marks), marks, extras_of(stripe));
  }

  [[nodiscard]] Allowance& allowance(std::uint32_t stripe) noexcept { return stripes_[stripe].allowance; }

  // --- while quiescent
  void start() noexcept;
  /// Every call is booked while quiescent until the window is full, so that the call that reaches
  /// minimum_calls is noticed.
  [[nodiscard]] bool full() const noexcept { return filled_ == size_; }
  void add(std::uint32_t stripe, const CallMarks& marks) noexcept {
    const std::uint64_t place = take_place(marks);
    stripes_[stripe].put(place, marks, extras_of(stripe));
    pass(place + 1);
    if (!full()) ++filled_;
  }
  /// As the latest call while quiescent left it.
  [[nodiscard]] WindowCounts seen() const noexcept;
  /// As it is now.
  [[nodiscard]] WindowCounts counts() noexcept;
  /// The quantile's latency, rounded to the middle of its code's step; for evidence, not for deciding. Calls
  /// on their way may be missing. O(size).
  [[nodiscard]] Duration quantile(double quantile) const noexcept;
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
  friend class CircuitBreakerTestPeer;

  struct alignas(64) Stripe {
    void pass(std::uint64_t to, std::uint8_t* extras) noexcept {
      ring.skip(to - next, extras);
      next = to;
    }
    void put(std::uint64_t place, const CallMarks& marks, std::uint8_t* extras) noexcept {
      pass(place, extras);
      ring.put(marks, extras);
      ++next;
    }

    Allowance allowance;
    MarkRing ring;
    std::uint64_t next = 0;  ///< the first place that the ring has not passed
  };

  [[nodiscard]] std::uint64_t take_place(const CallMarks& marks) noexcept {
    const std::uint64_t place = cursor_.fetch_add(1, std::memory_order_relaxed);
    detail::pause_point();
    if (codes_) [[unlikely]]
      keep_latency(place, marks.latency);
    return place;
  }
  void pass(std::uint64_t to) noexcept {
    for (std::uint32_t i = 0; i < stripes_.size(); ++i) stripes_[i].pass(to, extras_of(i));
  }
  [[nodiscard]] std::uint8_t* extras_of(std::uint32_t stripe) const noexcept {
    return extras_ ? &extras_[std::size_t{stripe} * size_] : nullptr;
  }
  void keep_latency(std::uint64_t place, Duration latency) noexcept {
    codes_[place % size_].store(static_cast<std::uint16_t>(latency_code(latency) + 1),
                                std::memory_order_relaxed);
  }

  const std::uint32_t size_;
  std::uint32_t filled_ = 0;  ///< calls in the window
  std::vector<Stripe> stripes_;
  /// Latency codes + 1 by place; 0: no call yet. Only with a latency rule.
  const std::unique_ptr<std::atomic<std::uint16_t>[]> codes_;
  /// For the stripes' rings, one after the other; only with weights.
  const std::unique_ptr<std::uint8_t[]> extras_;
  alignas(64) std::atomic<std::uint64_t> cursor_{0};  ///< the one line that every success writes
};

/// The calls of the last `duration`, in buckets aligned to the clock. A plain success is counted in its
/// thread's cell, a marked call in its stripe; a bucket remembers the sums of all calls before it, so the
/// window is a difference of two sums, and beginning a bucket costs a few loads.
///
/// A success on its way while another thread begins a bucket is booked in the bucket before or after the
/// border.
class TimeWindow {
 public:
  /// `cells` must outlive the window, and be given to no other one.
  TimeWindow(const TimeWindowOptions& options, bool keeps_latency, CallCells& cells, std::uint32_t stripes);

  /// Whether a call at `now` belongs to a bucket that has not begun.
  [[nodiscard]] bool must_roll(TimePoint now) const noexcept {
    return ticks_of(now) >= bucket_end_.load(std::memory_order_relaxed);
  }

  /// Counts a plain success and returns true, unless a bucket must begin or `cell` is shared: then nothing
  /// was booked.
  bool try_count_success(CallCell& cell, std::uint64_t generation, Duration latency, TimePoint now) noexcept {
    if (must_roll(now) || cell.shared) return false;
    detail::pause_point();
    cell.window_successes.add_owned(generation);
    if (codes_) [[unlikely]]
      count_code(latency);
    return true;
  }

  /// Books a marked call in a stripe whose allowance was entered; not when must_roll().
  void add_allowed(std::uint32_t stripe, const CallMarks& marks) noexcept {
    stripes_[stripe].marked.add(marks);
    if (codes_) [[unlikely]]
      count_code(marks.latency);
  }

  [[nodiscard]] Allowance& allowance(std::uint32_t stripe) noexcept { return stripes_[stripe].allowance; }

  // --- while quiescent
  void start(std::uint64_t generation, TimePoint now) noexcept;
  void add(CallCell& cell, std::uint32_t stripe, const CallMarks& marks, TimePoint now) noexcept;
  /// The window at its latest bucket. O(threads).
  [[nodiscard]] WindowCounts counts() const noexcept;
  /// The window as it is at `now`, forgetting what is too old by then, without changing anything. O(threads).
  [[nodiscard]] WindowCounts counts_at(TimePoint now) const noexcept;
  /// The quantile's latency, rounded to the middle of its code's step; for evidence, not for deciding. Calls
  /// on their way may be missing. O(buckets).
  [[nodiscard]] Duration quantile(double quantile) const noexcept;
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
  friend class CircuitBreakerTestPeer;

  struct alignas(64) Stripe {
    Allowance allowance;
    WindowCounts marked;  ///< calls with a mark since the generation began
  };

  [[nodiscard]] std::int64_t bucket_of(TimePoint now) const noexcept;
  [[nodiscard]] TimePoint end_of(std::int64_t bucket) const noexcept;
  /// All calls of the generation before `bucket` began.
  [[nodiscard]] WindowCounts& before(std::int64_t bucket) const noexcept;
  /// All calls of the generation so far.
  [[nodiscard]] WindowCounts total() const noexcept;
  void roll(TimePoint now) noexcept;
  void begin(std::int64_t bucket) noexcept;
  [[nodiscard]] std::size_t codes_of(std::int64_t bucket) const noexcept;
  void count_code(Duration latency) noexcept;

  const Duration duration_;
  const std::uint32_t buckets_;
  CallCells& cells_;
  std::vector<Stripe> stripes_;
  const std::unique_ptr<WindowCounts[]> before_;  ///< by bucket modulo buckets_
  /// By bucket modulo buckets_, then by code; only with a latency rule.
  const std::unique_ptr<std::atomic<std::uint32_t>[]> codes_;
  std::uint64_t generation_ = 0;
  std::atomic<std::int64_t> bucket_{0};
  std::atomic<Duration::rep> bucket_end_{0};  ///< read by every call, written once per bucket
};

}  // namespace switchgear
