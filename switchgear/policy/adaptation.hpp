// What an adaptive breaker puts in place of its options, by its last calls. Each call is one sample; after
// each, the figures in force are worked out anew from the options.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "switchgear/core/time.hpp"
#include "switchgear/policy/circuit_breaker_options.hpp"
#include "switchgear/striped/short_lock.hpp"

namespace switchgear {

/// What is in force, and the samples that say so.
struct AdaptedFigures {
  std::uint32_t consecutive_failures = 0;  ///< 0: the breaker has no such rule
  Duration open_duration{};
  std::uint32_t samples = 0;               ///< recorded so far, at most AdaptiveOptions::samples
  double failure_rate = 0;                 ///< of the samples; 0 with none
  std::optional<Duration> mean_latency{};  ///< of the successes among them

  /// Not the samples.
  [[nodiscard]] bool same_limits(const AdaptedFigures& other) const noexcept {
    return consecutive_failures == other.consecutive_failures && open_duration == other.open_duration;
  }
};

/// Threads: every method from any thread. Allocates only when constructed: 8 bytes a sample.
class Adaptation {
 public:
  /// `options.adaptive` must be set; borrowed.
  explicit Adaptation(const CircuitBreakerOptions& options);

  /// A recorded call that has ended. Returns what is in force now if that has changed.
  std::optional<AdaptedFigures> add(bool failed, Duration latency) noexcept;
  /// Back to the options, without samples. Returns what is in force now if that has changed.
  std::optional<AdaptedFigures> forget() noexcept;

  // Each one load.
  [[nodiscard]] std::uint32_t consecutive_failures() const noexcept {
    return consecutive_failures_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] Duration open_duration() const noexcept {
    return Duration{open_duration_.load(std::memory_order_relaxed)};
  }

  [[nodiscard]] AdaptedFigures figures() const noexcept;
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
  __extension__ using Sum = __int128;

  [[nodiscard]] AdaptedFigures seen_locked() const noexcept;
  [[nodiscard]] std::optional<AdaptedFigures> put_in_force_locked() noexcept;
  [[nodiscard]] std::uint32_t limit_for(double failure_rate) const noexcept;
  [[nodiscard]] Duration opening_for(Duration mean) const noexcept;

  const CircuitBreakerOptions& options_;
  std::atomic<std::uint32_t> consecutive_failures_;
  std::atomic<Duration::rep> open_duration_;

  mutable ShortLock lock_;                       // over all that follows
  const std::unique_ptr<Duration[]> latencies_;  ///< by place; below zero: it failed
  std::uint64_t added_ = 0;
  std::uint32_t failures_ = 0;
  Sum success_time_ = 0;
};

}  // namespace switchgear
