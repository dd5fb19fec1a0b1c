// The calls in flight, for the stuck_calls rule alone: when each began, so that the old ones can be counted.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "switchgear/core/time.hpp"

namespace switchgear {

/// A fixed table of 1,024 starts. A call that finds it full goes untracked: then over a thousand older ones
/// are tracked, which is what the rule counts. Threads: any, without a lock; a call costs one
/// compare-and-swap on a slot near the thread's own.
class CallStarts {
 public:
  static constexpr std::uint32_t capacity = 1024;  ///< above the greatest count the rule may ask for
  static constexpr std::uint32_t untracked = ~std::uint32_t{0};

  /// `count` calls that are older than `older_than` are stuck; count: 1 … capacity.
  CallStarts(Duration older_than, std::uint32_t count) noexcept : older_than_(older_than), count_(count) {}

  /// Returns the slot to give back, or `untracked`. Generations count from 1.
  [[nodiscard]] std::uint32_t enter(std::uint64_t generation, TimePoint start) noexcept;
  void leave(std::uint32_t slot) noexcept;

  /// How many calls of `generation` are older than the rule's age at `now`, when that is enough for the rule
  /// to hold; else 0. Scans the table only if the answer may have changed: O(1) otherwise.
  [[nodiscard]] std::uint32_t stuck(std::uint64_t generation, TimePoint now) noexcept;

  /// A new generation begins: nothing is known about it.
  void start() noexcept {
    look_at_.store(TimePoint::min().time_since_epoch().count(), std::memory_order_relaxed);
  }

 private:
  // A slot's owner: its generation (32 bits, never 0) over the number of its turn, which tells two owners of
  // one generation apart. Kept when the slot is free.
  static constexpr unsigned tag_shift = 32;
  static constexpr std::uint64_t turn_mask = (std::uint64_t{1} << tag_shift) - 1;
  [[nodiscard]] static constexpr std::uint64_t owner_of(std::uint64_t generation) noexcept {
    return (generation % turn_mask + 1) << tag_shift;
  }

  struct Slot {
    std::atomic<std::uint64_t> owner{0};  ///< without a generation: free
    std::atomic<Duration::rep> start{TimePoint::max().time_since_epoch().count()};
  };

  const Duration older_than_;
  const std::uint32_t count_;
  std::atomic<Duration::rep> look_at_{
      TimePoint::min().time_since_epoch().count()};  ///< before this the rule cannot hold
  std::array<Slot, capacity> slots_{};
};

}  // namespace switchgear
