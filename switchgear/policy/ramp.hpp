// The share of the calls that a closed breaker admits after a recovery: it grows from `from` to all of them.
#pragma once

#include <atomic>
#include <cstdint>

#include "switchgear/core/time.hpp"
#include "switchgear/policy/circuit_breaker_options.hpp"

namespace switchgear {

/// Threads: any.
class Ramp {
 public:
  /// A recovery: the next call is the first.
  void start() noexcept { asked_.store(0, std::memory_order_relaxed); }

  /// Whether the next call is among those that are admitted, `since` the recovery; before the ramp is over.
  [[nodiscard]] bool admits(const RampOptions& options, Duration since) noexcept {
    return admits(options.from + (1 - options.from) * (to_seconds(since) / to_seconds(options.duration)));
  }

  /// The same at a share that something else decides.
  [[nodiscard]] bool admits(double share) noexcept {
    // The multiples of the golden ratio, modulo 1, fill [0, 1) as evenly as any sequence can: every stretch
    // of calls is admitted in very nearly its share, without chance.
    const std::uint64_t asked = asked_.fetch_add(1, std::memory_order_relaxed);
    const double place = static_cast<double>((asked * 0x9e3779b97f4a7c15U) >> 11U) * 0x1.0p-53;
    return place < share;
  }

 private:
  std::atomic<std::uint32_t> asked_{0};
};

}  // namespace switchgear
