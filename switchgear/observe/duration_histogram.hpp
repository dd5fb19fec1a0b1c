// How long calls took, counted into fixed buckets as Prometheus has them. Written by every call, read now and
// then.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "switchgear/core/time.hpp"
#include "switchgear/striped/thread_slot.hpp"

namespace switchgear {

/// Upper bounds in seconds, inclusive (`le`); a last bucket takes what is longer. Neighbours are at least a
/// factor of two apart, which is what lets the histogram find a bucket with one look-up and one comparison.
inline constexpr std::array duration_bounds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                            0.25,   0.5,   1.0,    2.5,   5.0,  10.0,  30.0, 60.0};

namespace detail {

inline constexpr auto duration_bounds_in_nanoseconds = [] {
  std::array<std::uint64_t, duration_bounds.size()> bounds{};
  for (std::size_t i = 0; i < bounds.size(); ++i)
    bounds[i] = static_cast<std::uint64_t>(duration_bounds[i] * 1e9 + 0.5);
  return bounds;
}();

/// For each bit width: how many bounds lie below every number of that width.
inline constexpr auto buckets_by_width = [] {
  const auto& bounds = duration_bounds_in_nanoseconds;
  std::array<std::uint8_t, 65> first{};
  for (std::size_t width = 1; width <= 64; ++width) {
    const std::uint64_t smallest = std::uint64_t{1} << (width - 1);
    while (first[width] < bounds.size() && bounds[first[width]] < smallest) ++first[width];
  }
  return first;
}();

inline constexpr bool one_bound_a_width = [] {
  const auto& bounds = duration_bounds_in_nanoseconds;
  for (std::size_t i = 1; i < bounds.size(); ++i) {
    if (std::bit_width(bounds[i - 1]) == std::bit_width(bounds[i])) return false;
  }
  return true;
}();
static_assert(one_bound_a_width, "a bucket must be found with one comparison");

}  // namespace detail

struct DurationHistogramSnapshot {
  std::array<std::uint64_t, duration_bounds.size() + 1> counts{};  ///< each bucket's own, not cumulative
  std::uint64_t count = 0;
  Duration sum{};
};

/// Threads: record() from any thread, wait-free: the first few threads have a cell of their own (plain loads
/// and stores), all others share one and pay for atomic adds. Never allocates. Memory: 1.7 KiB. Neither
/// copied nor moved.
class DurationHistogram {
 public:
  DurationHistogram() = default;
  DurationHistogram(const DurationHistogram&) = delete;
  DurationHistogram& operator=(const DurationHistogram&) = delete;

  /// A negative length is read as zero.
  void record(Duration length) noexcept {
    const std::uint64_t nanoseconds = length.count() > 0 ? static_cast<std::uint64_t>(length.count()) : 0;
    const std::size_t bucket = bucket_of(nanoseconds);
    const std::uint32_t slot = thread_slot();
    if (slot < owned) {
      Cell& cell = cells_[slot];
      add_alone(cell.counts[bucket], 1);
      add_alone(cell.sum, nanoseconds);
    } else {
      Cell& cell = cells_[owned];
      cell.counts[bucket].fetch_add(1, std::memory_order_relaxed);
      cell.sum.fetch_add(nanoseconds, std::memory_order_relaxed);
    }
  }

  /// Every record that happened before is in it; one that runs beside it may be in `counts` and not yet in
  /// `sum`.
  [[nodiscard]] DurationHistogramSnapshot snapshot() const noexcept {
    DurationHistogramSnapshot all;
    std::uint64_t sum = 0;
    for (const Cell& cell : cells_) {
      for (std::size_t i = 0; i < all.counts.size(); ++i) {
        const std::uint64_t seen = cell.counts[i].load(std::memory_order_relaxed);
        all.counts[i] += seen;
        all.count += seen;
      }
      sum += cell.sum.load(std::memory_order_relaxed);
    }
    all.sum = Duration{static_cast<Duration::rep>(sum)};
    return all;
  }

 private:
  static constexpr std::uint32_t owned = 8;
  using Counter = std::atomic<std::uint64_t>;

  struct alignas(64) Cell {
    std::array<Counter, duration_bounds.size() + 1> counts{};
    Counter sum{0};
  };

  static std::size_t bucket_of(std::uint64_t nanoseconds) noexcept {
    const std::size_t first = detail::buckets_by_width[static_cast<std::size_t>(std::bit_width(nanoseconds))];
    const auto& bounds = detail::duration_bounds_in_nanoseconds;
    return first + static_cast<std::size_t>(first < bounds.size() && nanoseconds > bounds[first]);
  }

  static void add_alone(Counter& counter, std::uint64_t amount) noexcept {
    counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }

  std::array<Cell, owned + 1> cells_{};
};

}  // namespace switchgear
