// sync/: the blocking driver. It owns the clock that the policies are handed; call() and try_call() run one
// guarded call on the calling thread. Never here: Asio, sockets, sleeping between attempts of anything.
//
// Three sources of monotonic time, by what a reading costs. All are safe from any thread; one breaker should
// see only one.
#pragma once

#include <time.h>

#include <chrono>
#include <cstdint>

#include "switchgear/core/time.hpp"

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace switchgear {

/// The standard library's monotonic clock: right everywhere, about 25 ns a reading.
struct SteadyTime {
  [[nodiscard]] static TimePoint now() noexcept { return std::chrono::steady_clock::now(); }
};

/// Linux's CLOCK_MONOTONIC_COARSE: about 5 ns a reading, but it ticks only every 1–4 ms. For timeouts of
/// seconds, not for latencies of microseconds.
struct CoarseTime {
  [[nodiscard]] static TimePoint now() noexcept {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
    return TimePoint{std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec}};
  }
};

namespace detail {
/// How the processor's time stamp counter relates to the steady clock. Measured once, on first use.
struct TscScale {
  std::uint64_t ticks = 0;   ///< counter at the measurement
  Duration::rep at = 0;      ///< steady clock then, in ns
  std::uint64_t factor = 0;  ///< nanoseconds per tick, times 2^32; 0: the counter must not be used
};
[[nodiscard]] TscScale measure_tsc() noexcept;
inline const TscScale& tsc_scale() noexcept {
  static const TscScale scale = measure_tsc();
  return scale;
}
}  // namespace detail

/// The processor's time stamp counter, calibrated against the steady clock: about 10 ns a reading.
/// Falls back to SteadyTime where the counter is absent or not invariant, or where calibration finds it
/// unsteady. The first reading takes about 10 ms. Drifts from the steady clock by at most 100 ppm; it
/// measures, it does not keep dates.
struct TscTime {
  [[nodiscard]] static TimePoint now() noexcept {
#if defined(__x86_64__)
    const detail::TscScale& scale = detail::tsc_scale();
    if (scale.factor != 0) [[likely]] {
      // 96 bits of product: the counter may run for centuries before this overflows.
      __extension__ using Wide = unsigned __int128;
      const std::uint64_t ticks = __rdtsc() - scale.ticks;
      return TimePoint{
          Duration{scale.at + static_cast<Duration::rep>((static_cast<Wide>(ticks) * scale.factor) >> 32U)}};
    }
#endif
    return SteadyTime::now();
  }

  /// Whether readings come from the counter (true) or from the steady clock.
  [[nodiscard]] static bool uses_counter() noexcept { return detail::tsc_scale().factor != 0; }
};

}  // namespace switchgear
