#include "switchgear/striped/call_starts.hpp"

#include <algorithm>

#include "switchgear/striped/thread_slot.hpp"

namespace switchgear {

namespace {
constexpr Duration::rep far_future = TimePoint::max().time_since_epoch().count();
}

std::uint32_t CallStarts::enter(std::uint64_t generation, TimePoint start) noexcept {
  const std::uint32_t first = thread_slot() * 16;  // threads look for their slots in different cache lines
  for (std::uint32_t i = 0; i < capacity; ++i) {
    const std::uint32_t index = (first + i) % capacity;
    Slot& slot = slots_[index];
    std::uint64_t seen = slot.owner.load(std::memory_order_relaxed);
    if (seen >> tag_shift == 0 &&
        slot.owner.compare_exchange_strong(seen, owner_of(generation) | ((seen + 1) & turn_mask),
                                           std::memory_order_acq_rel, std::memory_order_relaxed)) {
      slot.start.store(start.time_since_epoch().count(), std::memory_order_release);
      return index;
    }
  }
  return untracked;
}

void CallStarts::leave(std::uint32_t slot) noexcept {
  Slot& mine = slots_[slot];
  mine.start.store(far_future,
                   std::memory_order_relaxed);  // first: the next owner's age must not be this one's
  mine.owner.store(mine.owner.load(std::memory_order_relaxed) & turn_mask, std::memory_order_release);
}

std::uint32_t CallStarts::stuck(std::uint64_t generation, TimePoint now) noexcept {
  if (now.time_since_epoch().count() < look_at_.load(std::memory_order_relaxed)) return 0;
  std::array<Duration::rep, capacity> starts;  // NOLINT: filled up to `known`
  std::uint32_t known = 0;
  for (const Slot& slot : slots_) {
    const std::uint64_t owner = slot.owner.load(std::memory_order_acquire);
    if ((owner & ~turn_mask) != owner_of(generation)) continue;
    const Duration::rep start = slot.start.load(std::memory_order_acquire);
    if (start == far_future) continue;
    // The start may be that of a call which took the slot over meanwhile: of an earlier generation, perhaps,
    // whose thread was held up for long before it entered.
    if (slot.owner.load(std::memory_order_relaxed) == owner) starts[known++] = start;
  }
  // The earliest the rule can hold: one tick after the count-th oldest call reaches the age. Calls still to
  // come are not older than now.
  const auto kth = starts.begin() + (count_ - 1);
  TimePoint oldest_that_matters = now;
  if (known >= count_) {
    std::nth_element(starts.begin(), kth, starts.begin() + known);
    oldest_that_matters = std::min(now, TimePoint{Duration{*kth}});
  }
  const TimePoint look_at = saturating_add(saturating_add(oldest_that_matters, older_than_), Duration{1});
  look_at_.store(look_at.time_since_epoch().count(), std::memory_order_relaxed);
  if (look_at > now) return 0;
  return static_cast<std::uint32_t>(std::count_if(
      starts.begin(), starts.begin() + known,
      [&](Duration::rep start) { return saturating_sub(now, TimePoint{Duration{start}}) > older_than_; }));
}

}  // namespace switchgear
