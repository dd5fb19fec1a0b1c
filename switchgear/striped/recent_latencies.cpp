#include "switchgear/striped/recent_latencies.hpp"

#include <algorithm>
#include <thread>

namespace switchgear {

namespace {

/// Eight KiB each, so fewer than the slots there are.
std::uint32_t owned_cells() noexcept { return std::clamp(std::thread::hardware_concurrency() + 2, 3U, 8U); }

}  // namespace

RecentLatencies::RecentLatencies(double share, std::uint64_t needed)
    : share_(share),
      needed_(std::max<std::uint64_t>(needed, 1)),
      owned_(owned_cells()),
      cells_(std::make_unique<Cell[]>(owned_ + 1)),
      fresh_until_(ticks_of(TimePoint::min())) {}

void RecentLatencies::ask_for(double share, std::uint64_t needed) noexcept {
  share_.store(share, std::memory_order_relaxed);
  needed_.store(std::max<std::uint64_t>(needed, 1), std::memory_order_relaxed);
  fresh_until_.store(ticks_of(TimePoint::min()), std::memory_order_relaxed);
}

bool RecentLatencies::begin(Half& half, std::int64_t epoch) noexcept {
  std::int64_t seen = half.epoch.load(std::memory_order_relaxed);
  do {
    if (seen >= epoch) return seen == epoch;
  } while (!half.epoch.compare_exchange_weak(seen, epoch, std::memory_order_relaxed));
  for (std::atomic<std::uint32_t>& count : half.counts) count.store(0, std::memory_order_relaxed);
  half.total.store(0, std::memory_order_relaxed);
  return true;
}

Duration RecentLatencies::refreshed(TimePoint now) noexcept {
  const std::int64_t epoch = epoch_of(now);
  if (total(epoch) < needed_.load(std::memory_order_relaxed)) {
    known_.store(unknown, std::memory_order_relaxed);
    return Duration{unknown};
  }
  if (summing_.exchange(true, std::memory_order_acquire)) {
    return Duration{known_.load(std::memory_order_relaxed)};
  }
  const Duration::rep quantile = sum(epoch);
  known_.store(quantile, std::memory_order_relaxed);
  fresh_until_.store(ticks_of(saturating_add(now, refresh)), std::memory_order_relaxed);
  summing_.store(false, std::memory_order_release);
  return Duration{quantile};
}

std::uint64_t RecentLatencies::total(std::int64_t epoch) const noexcept {
  std::uint64_t records = 0;
  for (std::size_t i = 0; i <= owned_; ++i) {
    for (const Half& half : cells_[i].halves) {
      if (counts_in(half, epoch)) records += half.total.load(std::memory_order_relaxed);
    }
  }
  return records;
}

Duration::rep RecentLatencies::sum(std::int64_t epoch) const noexcept {
  std::array<std::uint64_t, latency_codes> sums{};
  std::uint64_t records = 0;
  for (std::size_t i = 0; i <= owned_; ++i) {
    for (const Half& half : cells_[i].halves) {
      if (!counts_in(half, epoch)) continue;
      for (std::size_t code = 0; code < latency_codes; ++code) {
        const std::uint32_t count = half.counts[code].load(std::memory_order_relaxed);
        sums[code] += count;
        records += count;
      }
    }
  }
  if (records == 0) return unknown;
  std::uint64_t left = nearest_rank(share_.load(std::memory_order_relaxed), records);
  std::uint32_t code = 0;
  while (sums[code] < left) left -= sums[code++];
  return latency_of_code(code).count();
}

}  // namespace switchgear
