#include "switchgear/striped/thread_slot.hpp"

#include <atomic>
#include <bit>

namespace switchgear::detail {

constinit thread_local std::uint32_t this_thread_slot = no_thread_slot;

namespace {

constinit std::atomic<std::uint64_t> taken{0};
static_assert(max_thread_slots == 64, "one bit of `taken` per slot");

/// Gives the slot back when its thread ends.
struct SlotGuard {
  std::uint32_t slot;
  explicit SlotGuard(std::uint32_t s) noexcept : slot(s) {}
  SlotGuard(const SlotGuard&) = delete;
  SlotGuard& operator=(const SlotGuard&) = delete;
  ~SlotGuard() {
    this_thread_slot =
        shared_thread_slot;  // later thread_local destructors of this thread must not use it any more
    if (slot < max_thread_slots) taken.fetch_and(~(std::uint64_t{1} << slot), std::memory_order_release);
  }
};

std::uint32_t claim_free_bit() noexcept {
  std::uint64_t seen = taken.load(std::memory_order_relaxed);
  while (~seen != 0) {
    const auto slot = static_cast<std::uint32_t>(std::countr_one(seen));
    if (taken.compare_exchange_weak(seen, seen | (std::uint64_t{1} << slot), std::memory_order_acquire,
                                    std::memory_order_relaxed)) {
      return slot;
    }
  }
  return shared_thread_slot;
}

}  // namespace

std::uint32_t claim_thread_slot() noexcept {
  thread_local const SlotGuard guard{claim_free_bit()};
  return this_thread_slot = guard.slot;
}

}  // namespace switchgear::detail
