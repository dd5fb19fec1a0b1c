// How many calls a thread may still book by itself before somebody must look at all threads' bookings
// together.
//
// A keeper who knows how far a sum is from its limit hands out shares of that distance, so that the threads
// count without meeting, and nobody passes the limit unseen. To look, the keeper takes the shares back:
// revoke() all of them, then settle() each. From then on, until new shares are granted, no thread is booking
// and every booking is visible.
//
// Why: a thread says that it is busy before it looks at its share, the keeper takes the share back before it
// looks whether the thread is busy, and both do so in the one order of sequentially consistent operations. So
// either the thread finds no share, or the keeper finds it busy and waits. models/window.pml.
#pragma once

#include <atomic>
#include <cstdint>

#include "switchgear/striped/pause.hpp"
#include "switchgear/striped/pause_point.hpp"

namespace switchgear {

/// Threads: enter() and leave() by the thread that it belongs to, everything else by one keeper at a time.
class Allowance {
 public:
  /// Takes one call of `generation` from the share. True: book it, then leave(). False: nothing was taken.
  [[nodiscard]] bool enter(std::uint64_t generation) noexcept {
    busy_.exchange(true, std::memory_order_seq_cst);
    detail::pause_point();
    const std::uint64_t grant = grant_.load(std::memory_order_seq_cst);
    const std::uint32_t used = used_.load(std::memory_order_relaxed);
    if (grant >> 32U == (generation & 0xffff'ffffU) && static_cast<std::uint32_t>(grant) != used) {
      used_.store(used + 1, std::memory_order_relaxed);
      detail::pause_point();
      return true;
    }
    leave();
    return false;
  }
  void leave() noexcept { busy_.store(false, std::memory_order_release); }

  /// `calls` more calls of `generation`. Only after settle().
  void grant(std::uint64_t generation, std::uint32_t calls) noexcept {
    granted_at_ = used_.load(std::memory_order_relaxed);
    // Release: what the keeper has read of the bookings, it has read before the thread books again.
    grant_.store(generation << 32U | (granted_at_ + calls), std::memory_order_release);
  }
  void revoke() noexcept { grant_.store(0, std::memory_order_seq_cst); }
  /// Waits until the thread is not booking. Returns whether it has used any of its share.
  bool settle() noexcept {
    for (int tries = 0; busy_.load(std::memory_order_seq_cst); ++tries) wait_a_little(tries);
    return used_.load(std::memory_order_relaxed) != granted_at_;
  }

 private:
  std::atomic<std::uint64_t> grant_{0};  ///< generation (32 bits) and the value of used_ that ends the share
  std::atomic<std::uint32_t> used_{0};   ///< calls booked so far, modulo 2^32
  std::uint32_t granted_at_ = 0;         ///< used_ when the share was granted
  std::atomic<bool> busy_{false};
};

}  // namespace switchgear
