// A quantile of the latencies of the last minute or so, for a decision of every call. Written by every
// success, summed now and then.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "switchgear/core/time.hpp"
#include "switchgear/striped/latency_code.hpp"
#include "switchgear/striped/thread_slot.hpp"

namespace switchgear {

/// Two histograms of latency codes (each within 1/64), one for the current epoch of 2^35 ns (34.4 s) and one
/// for the epoch before; a new epoch empties the older one. So what is known is 34.4 to 68.7 s old. Threads:
/// any. record() is a load and a store in a cell of the thread's own, an atomic add for threads beyond the
/// first. A sum that is taken while an epoch begins may miss some records, or count some of the one that is
/// being forgotten: the next sum has them right.
class RecentLatencies {
 public:
  static constexpr Duration refresh = std::chrono::milliseconds{100};

  /// `share` of Quantile; below `needed` records it is not known.
  RecentLatencies(double share, std::uint64_t needed);

  /// Another quantile of the same records.
  void ask_for(double share, std::uint64_t needed) noexcept;

  void record(Duration latency, TimePoint now) noexcept {
    const std::uint32_t slot = thread_slot();
    const std::int64_t epoch = epoch_of(now);
    Cell& cell = cells_[slot < owned_ ? slot : owned_];
    Half& half = cell.halves[static_cast<std::size_t>(epoch & 1)];
    if (half.epoch.load(std::memory_order_relaxed) != epoch) [[unlikely]] {
      if (!begin(half, epoch)) return;
    }
    std::atomic<std::uint32_t>& count = half.counts[latency_code(latency)];
    if (slot < owned_) {
      count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      half.total.store(half.total.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    } else {
      count.fetch_add(1, std::memory_order_relaxed);
      half.total.fetch_add(1, std::memory_order_relaxed);
    }
  }

  /// The nearest-rank quantile, summed anew when the last sum is older than `refresh` or did not have enough
  /// records; negative: not known. One thread sums, the others take what was known before.
  [[nodiscard]] Duration quantile(TimePoint now) noexcept {
    if (ticks_of(now) < fresh_until_.load(std::memory_order_relaxed)) [[likely]] {
      return Duration{known_.load(std::memory_order_relaxed)};
    }
    return refreshed(now);
  }

 private:
  static constexpr int epoch_bits = 35;
  static constexpr std::int64_t no_epoch = INT64_MIN;
  static constexpr Duration::rep unknown = -1;

  struct Half {
    std::atomic<std::int64_t> epoch{no_epoch};
    std::atomic<std::uint32_t> total{0};
    std::array<std::atomic<std::uint32_t>, latency_codes> counts{};
  };
  struct alignas(64) Cell {
    std::array<Half, 2> halves;
  };

  [[nodiscard]] static constexpr std::int64_t epoch_of(TimePoint at) noexcept {
    return ticks_of(at) >> epoch_bits;
  }
  /// Empties a half for `epoch`; false when it is a later one's already.
  static bool begin(Half& half, std::int64_t epoch) noexcept;
  [[nodiscard]] Duration refreshed(TimePoint now) noexcept;
  [[nodiscard]] std::uint64_t total(std::int64_t epoch) const noexcept;
  [[nodiscard]] Duration::rep sum(std::int64_t epoch) const noexcept;
  [[nodiscard]] static bool counts_in(const Half& half, std::int64_t epoch) noexcept {
    const std::int64_t held = half.epoch.load(std::memory_order_relaxed);
    return held == epoch || held == epoch - 1;
  }

  std::atomic<double> share_;
  std::atomic<std::uint64_t> needed_;
  const std::uint32_t owned_;
  const std::unique_ptr<Cell[]> cells_;  ///< one per owned slot, and the last for all other threads
  alignas(64) std::atomic<Duration::rep> fresh_until_;
  std::atomic<Duration::rep> known_{unknown};
  std::atomic<bool> summing_{false};
};

}  // namespace switchgear
