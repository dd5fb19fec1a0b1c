// Slots that threads keep at hand: a thread that frees one parks it in a cell of its own and takes it from
// there for the next call, so that calls on different cores share no cache line.
//
// A parked slot is free, but only its own thread sees it. So there is close(), after which nothing is parked
// and nothing can be: from then on the owner's count of slots is the whole truth. park() and close() meet
// like this:
//
//   park    the cell + 1, then a look at closed_; closed: takes its slot out again, unless close() has it
//   close   closed_, then every cell → 0
//
// In whatever order the four steps happen, either park() sees closed_ or close() sees the slot; never both
// get it (models/bulkhead.pml).
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

#include "switchgear/striped/thread_slot.hpp"

namespace switchgear {

/// Not for: counting. What is parked is known exactly only while it is closed, when it is nothing. Threads:
/// take(), park() and sum() from any; close() and open() by one at a time. Costs 64 bytes for each core, and
/// twice that; allocates only when constructed. Never waits.
class ParkedSlots {
 public:
  /// For a pool of `slots`, of which at most half are parked. With too few for all cores it is not
  /// to be opened.
  explicit ParkedSlots(std::uint32_t slots)
      : owned_(std::min(std::thread::hardware_concurrency() + 2, max_thread_slots)),
        most_(share_of(slots)),
        cells_(std::make_unique<Cell[]>(owned_)),
        closed_(!useful()) {}

  /// Whether there are enough slots to park any.
  [[nodiscard]] bool useful() const noexcept { return most_.load(std::memory_order_relaxed) > 0; }

  /// The pool has another number of slots. Precondition: closed.
  void resize(std::uint32_t slots) noexcept { most_.store(share_of(slots), std::memory_order_relaxed); }

  /// Takes a slot that this thread has parked.
  [[nodiscard]] bool take() noexcept {
    const std::uint32_t mine = thread_slot();
    return mine < owned_ && take_from(cells_[mine]);
  }

  /// Leaves a slot with this thread; false: it is still the caller's.
  [[nodiscard]] bool park() noexcept {
    const std::uint32_t mine = thread_slot();
    if (mine >= owned_) [[unlikely]]
      return false;
    Cell& cell = cells_[mine];
    std::uint32_t seen = cell.parked.load(std::memory_order_relaxed);
    if (seen >= most_.load(std::memory_order_relaxed) || closed_.load(std::memory_order_relaxed))
      return false;
    // Fails only against close().
    if (!cell.parked.compare_exchange_strong(seen, seen + 1, std::memory_order_seq_cst,
                                             std::memory_order_relaxed)) {
      return false;
    }
    return !closed_.load(std::memory_order_seq_cst) || !take_from(cell);
  }

  /// Stops parking; returns how many slots were parked, which now belong to the caller.
  [[nodiscard]] std::uint32_t close() noexcept {
    closed_.store(true, std::memory_order_seq_cst);
    std::uint32_t taken = 0;
    for (std::uint32_t i = 0; i < owned_; ++i)
      taken += cells_[i].parked.exchange(0, std::memory_order_seq_cst);
    return taken;
  }

  /// Precondition: useful().
  void open() noexcept { closed_.store(false, std::memory_order_release); }

  /// What is being taken or parked meanwhile may or may not be in it.
  [[nodiscard]] std::uint32_t sum() const noexcept {
    std::uint32_t total = 0;
    for (std::uint32_t i = 0; i < owned_; ++i) total += cells_[i].parked.load(std::memory_order_acquire);
    return total;
  }

 private:
  /// Written by its own thread, and by close().
  struct alignas(64) Cell {
    std::atomic<std::uint32_t> parked{0};
  };

  /// As many calls as one thread of coroutines has under way before it reaches for the pool.
  static constexpr std::uint32_t most_of_one_thread = 8;

  [[nodiscard]] std::uint32_t share_of(std::uint32_t slots) const noexcept {
    return std::min(slots / (2 * owned_), most_of_one_thread);
  }
  [[nodiscard]] static bool take_from(Cell& cell) noexcept {
    std::uint32_t seen = cell.parked.load(std::memory_order_relaxed);
    // Fails only against close(), which leaves nothing.
    return seen > 0 && cell.parked.compare_exchange_strong(seen, seen - 1, std::memory_order_acq_rel,
                                                           std::memory_order_relaxed);
  }

  const std::uint32_t owned_;
  std::atomic<std::uint32_t> most_;  ///< that one thread parks
  const std::unique_ptr<Cell[]> cells_;
  std::atomic<bool> closed_;
};

}  // namespace switchgear
