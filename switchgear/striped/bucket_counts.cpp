#include "switchgear/striped/bucket_counts.hpp"

#include <algorithm>
#include <thread>

namespace switchgear {

namespace {

std::uint32_t owned_cells() noexcept {
  return std::clamp(std::thread::hardware_concurrency() + 2, 3U, max_thread_slots);
}

}  // namespace

BucketCounts::BucketCounts(int width_bits)
    : width_bits_(width_bits),
      count_mask_((std::uint64_t{1} << (width_bits - 1)) - 1),
      owned_(owned_cells()),
      cells_(std::make_unique<Cell[]>(owned_ + 1)) {}

void BucketCounts::add_shared(std::atomic<std::uint64_t>& place, std::uint64_t seen,
                              std::uint64_t bucket) noexcept {
  while (!place.compare_exchange_weak(seen, with_one_more(seen, bucket), std::memory_order_relaxed)) {
  }
}

std::uint64_t BucketCounts::in(std::uint64_t bucket) const noexcept {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i <= owned_; ++i) {
    const std::uint64_t seen = cells_[i].counts[bucket % ring].load(std::memory_order_relaxed);
    if (seen >> (width_bits_ - 1) == bucket) sum += seen & count_mask_;
  }
  return sum;
}

std::uint64_t BucketCounts::in_last(std::uint64_t many, std::uint64_t last) const noexcept {
  std::uint64_t sum = 0;
  for (std::uint64_t bucket = last + 1 - std::min(last, many); bucket <= last; ++bucket) sum += in(bucket);
  return sum;
}

}  // namespace switchgear
