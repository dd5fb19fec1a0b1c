// Counters striped by thread. A thread whose slot is below `owned` writes a cell of its own with plain loads
// and stores (1 ns, no shared cache line); all other threads share the last cell and pay for atomic adds.
// Readers sum the cells.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "switchgear/core/outcome.hpp"
#include "switchgear/core/rejection.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/striped/thread_slot.hpp"

namespace switchgear {

/// Lifetime totals of one breaker. They never go back, whatever an operator does.
/// Once nothing is in flight: calls = successes + failures + ignored.
struct CallTotals {
  std::uint64_t calls =
      0;  ///< admitted; calls that passed a disabled or metrics_only breaker unrecorded are not among them
  std::uint64_t successes = 0;
  std::uint64_t failures = 0;
  std::array<std::uint64_t, failure_types.size()> failures_by_type{};
  std::uint64_t plain_successes = 0;  ///< not slow
  std::uint64_t slow_successes = 0;
  std::uint64_t plain_failures = 0;  ///< not slow
  std::uint64_t slow_failures = 0;
  std::uint64_t ignored = 0;
  std::uint64_t rejected = 0;
  std::array<std::uint64_t, breaker_rejection_reasons.size()> rejected_by_reason{};
  std::uint64_t would_reject = 0;  ///< passed only because of metrics_only
  std::uint64_t late = 0;          ///< results from an earlier generation; counted above as well
  std::uint64_t opened = 0;
  std::uint64_t closed = 0;
  std::uint64_t half_opened = 0;

  [[nodiscard]] std::uint64_t slow() const noexcept { return slow_successes + slow_failures; }
};

/// A count that belongs to one generation: 16 bits of tag, 48 of count, stored together. A count with another
/// tag is worth nothing, so a thread that was held up between deciding to count and counting cannot reach a
/// later generation. The tag may be short because the thread that starts a generation sweeps all of its
/// counts (start()).
class TaggedCount {
 public:
  /// The count, or 0 when it is another generation's.
  [[nodiscard]] std::uint64_t get(std::uint64_t generation) const noexcept {
    const std::uint64_t seen = bits_.load(std::memory_order_relaxed);
    return (seen & ~mask) == tag_of(generation) ? seen & mask : 0;
  }

  void start(std::uint64_t generation) noexcept {
    bits_.store(tag_of(generation), std::memory_order_relaxed);
  }

  /// Adds one, for the only thread that adds to this count.
  void add_owned(std::uint64_t generation) noexcept {
    const std::uint64_t seen = bits_.load(std::memory_order_relaxed);
    const std::uint64_t count = (seen & ~mask) == tag_of(generation) ? (seen + 1) & mask : 1;
    bits_.store(tag_of(generation) | count, std::memory_order_relaxed);
  }

  /// How much sums of such counts grew from `before` to `now`, right across their wrap.
  [[nodiscard]] static constexpr std::uint64_t difference(std::uint64_t now, std::uint64_t before) noexcept {
    return (now - before) & mask;
  }

 private:
  friend class CircuitBreakerTestPeer;

  static constexpr std::uint64_t mask = (std::uint64_t{1} << 48U) - 1;
  [[nodiscard]] static constexpr std::uint64_t tag_of(std::uint64_t generation) noexcept {
    return generation << 48U;
  }

  std::atomic<std::uint64_t> bits_{0};
};

/// The counts of one thread (or, in the last cell, of every further thread). 192 bytes, its hot part in the
/// first line.
struct alignas(64) CallCell {
  using Counter = std::atomic<std::uint64_t>;

  std::atomic<Duration::rep> latest{
      TimePoint::min().time_since_epoch().count()};  ///< the latest time shown to this cell
  Counter calls{0};
  Counter plain_successes{0};    ///< not slow
  TaggedCount window_successes;  ///< of a time window: plain ones
  /// By reason. Those of the fleet are counted by the breaker itself, or a cell would need a fourth line.
  std::array<Counter, static_cast<std::size_t>(Reason::fleet_open)> rejected{};

  bool shared = false;
  Counter slow_successes{0};
  Counter ignored{0};
  Counter late{0};
  Counter would_reject{0};
  // One count for each failure, from which all sums follow: no reader sees one of them without the others.
  std::array<Counter, failure_types.size()> plain_failures{};  ///< not slow
  std::array<Counter, failure_types.size()> slow_failures{};
  std::atomic<std::uint64_t> last_failure{0};  ///< time, down to 8 ns, in whose low bits type + 1; 0: none

  void add(Counter& counter) const noexcept {
    if (shared) {
      counter.fetch_add(1, std::memory_order_relaxed);
    } else {
      counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }
  }

  /// `now`, or the latest time this cell has seen when that is later: time never runs backwards for a thread.
  TimePoint clamp(TimePoint now) noexcept {
    const Duration::rep wanted = now.time_since_epoch().count();
    Duration::rep seen = latest.load(std::memory_order_relaxed);
    if (!shared) {
      if (wanted > seen) latest.store(wanted, std::memory_order_relaxed);
    } else {
      while (wanted > seen && !latest.compare_exchange_weak(seen, wanted, std::memory_order_relaxed)) {
      }
    }
    return wanted > seen ? now : TimePoint{Duration{seen}};
  }
};

/// All cells of one breaker.
class CallCells {
 public:
  /// `owned` threads get a cell of their own; 1 … max_thread_slots.
  explicit CallCells(std::uint32_t owned) : owned_(owned), cells_(std::make_unique<CallCell[]>(owned + 1)) {
    cells_[owned].shared = true;
  }

  [[nodiscard]] CallCell& mine() const noexcept {
    const std::uint32_t slot = thread_slot();
    return cells_[slot < owned_ ? slot : owned_];
  }

  /// How many threads have a cell of their own, and which of those cells one is; the shared one is the last.
  [[nodiscard]] std::uint32_t owned() const noexcept { return owned_; }
  [[nodiscard]] std::uint32_t index_of(const CallCell& cell) const noexcept {
    return static_cast<std::uint32_t>(&cell - cells_.get());
  }

  [[nodiscard]] const CallCell* begin() const noexcept { return cells_.get(); }
  [[nodiscard]] const CallCell* end() const noexcept { return cells_.get() + owned_ + 1; }
  [[nodiscard]] CallCell* begin() noexcept { return cells_.get(); }
  [[nodiscard]] CallCell* end() noexcept { return cells_.get() + owned_ + 1; }

  [[nodiscard]] std::size_t memory_bytes() const noexcept { return (owned_ + 1) * sizeof(CallCell); }

  /// Sums everything but the transitions. Calls going on meanwhile may or may not be in it.
  [[nodiscard]] CallTotals totals() const noexcept;

 private:
  std::uint32_t owned_;
  std::unique_ptr<CallCell[]> cells_;
};

}  // namespace switchgear
