// A policy's own lifetime counts, striped by thread: a thread adds to a line of its own with plain loads and
// stores; readers sum the lines.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>

#include "switchgear/striped/thread_slot.hpp"

namespace switchgear {

/// `N` counts that never go back. Costs 64 bytes for each core, and three times that; allocates only when
/// constructed. Threads: any.
template <std::size_t N>
class Tally {
  static_assert(N >= 1 && N <= 8, "one cache line for each thread");

 public:
  Tally()
      : owned_(std::min(std::thread::hardware_concurrency() + 2, max_thread_slots)),
        cells_(std::make_unique<Cell[]>(owned_ + 1)) {}

  void add(std::size_t which) noexcept {
    const std::uint32_t slot = thread_slot();
    if (slot < owned_) [[likely]] {
      std::atomic<std::uint64_t>& count = cells_[slot].counts[which];
      count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    } else {
      cells_[owned_].counts[which].fetch_add(1, std::memory_order_relaxed);
    }
  }

  /// What is being added meanwhile may or may not be in it.
  [[nodiscard]] std::uint64_t sum(std::size_t which) const noexcept {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i <= owned_; ++i)
      total += cells_[i].counts[which].load(std::memory_order_relaxed);
    return total;
  }

 private:
  struct alignas(64) Cell {
    std::array<std::atomic<std::uint64_t>, N> counts{};
  };

  const std::uint32_t owned_;
  const std::unique_ptr<Cell[]> cells_;  ///< one per owned slot, and the last for all other threads
};

}  // namespace switchgear
