// How often something happened lately: counts by bucket of time, striped by thread. A reader adds up the
// buckets of a window; a bucket's number and its count change together, so a count is never read as another
// bucket's.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "switchgear/core/time.hpp"
#include "switchgear/striped/thread_slot.hpp"

namespace switchgear {

/// Not for: windows of more than `ring` buckets, less a few for threads that are ahead of the reader.
/// Threads: any. add() is wait-free for the first threads (as many as the machine has cores, and two),
/// without a lock for all. Allocates only when constructed: 512 bytes for each of those threads.
class BucketCounts {
 public:
  static constexpr std::size_t ring = 64;

  /// A bucket lasts 2^width_bits ns; 8 … 56.
  explicit BucketCounts(int width_bits);

  /// One more in the bucket of `now`. One whose place has gone to a later bucket, and one too many for the
  /// count (more than one each 2 ns), is not counted.
  void add(TimePoint now) noexcept {
    const std::uint32_t slot = thread_slot();
    const std::uint64_t bucket = bucket_of(now);
    std::atomic<std::uint64_t>& place = cells_[slot < owned_ ? slot : owned_].counts[bucket % ring];
    const std::uint64_t seen = place.load(std::memory_order_relaxed);
    if (slot < owned_) [[likely]] {
      place.store(with_one_more(seen, bucket), std::memory_order_relaxed);
    } else {
      add_shared(place, seen, bucket);
    }
  }

  /// Counts from the beginning of TimePoint, from 1 on, so that an empty place (0) is no bucket's.
  [[nodiscard]] std::uint64_t bucket_of(TimePoint at) const noexcept {
    return ((static_cast<std::uint64_t>(ticks_of(at)) ^ (std::uint64_t{1} << 63U)) >> width_bits_) + 1;
  }

  /// The first instant after a bucket.
  [[nodiscard]] TimePoint end_of(std::uint64_t bucket) const noexcept {
    const std::uint64_t past_the_last = std::uint64_t{1} << (64 - width_bits_);
    if (bucket >= past_the_last) return TimePoint::max();
    return time_of(static_cast<Duration::rep>((bucket << width_bits_) ^ (std::uint64_t{1} << 63U)));
  }

  /// What is being added meanwhile may or may not be in it. O(threads).
  [[nodiscard]] std::uint64_t in(std::uint64_t bucket) const noexcept;

  /// In the `many` buckets that end with `last`; fewer at the beginning of time. O(threads · many).
  [[nodiscard]] std::uint64_t in_last(std::uint64_t many, std::uint64_t last) const noexcept;

 private:
  struct alignas(64) Cell {
    std::array<std::atomic<std::uint64_t>, ring> counts{};
  };

  // A place: the bucket's number over the count in it, which has one bit less than the bucket's width.
  [[nodiscard]] std::uint64_t with_one_more(std::uint64_t seen, std::uint64_t bucket) const noexcept {
    const std::uint64_t held = seen >> (width_bits_ - 1);
    if (held < bucket) return (bucket << (width_bits_ - 1)) | 1U;
    if (held > bucket || (seen & count_mask_) == count_mask_) return seen;
    return seen + 1;
  }
  void add_shared(std::atomic<std::uint64_t>& place, std::uint64_t seen, std::uint64_t bucket) noexcept;

  const int width_bits_;
  const std::uint64_t count_mask_;
  const std::uint32_t owned_;
  const std::unique_ptr<Cell[]> cells_;  ///< one per owned slot, and the last for all other threads
};

}  // namespace switchgear
