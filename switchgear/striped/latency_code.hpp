// Latencies rounded to 1,024 log-linear codes: 32 steps per power of two from 1 µs to 73 minutes, so the
// middle of a step is within 1/64 of everything in it. The same idea as HdrHistogram's buckets (Gil Tene),
// with one fixed precision.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "switchgear/core/time.hpp"

namespace switchgear {

inline constexpr std::uint32_t latency_codes = 1024;

[[nodiscard]] constexpr std::uint32_t latency_code(Duration latency) noexcept {
  constexpr Duration::rep least = Duration::rep{1} << 10;
  constexpr Duration::rep most = (Duration::rep{1} << 42) - 1;
  const auto nanoseconds = static_cast<std::uint64_t>(std::clamp(latency.count(), least, most));
  const auto exponent = static_cast<std::uint32_t>(std::bit_width(nanoseconds)) - 1;  // 10 … 41
  return ((exponent - 10) << 5U) | static_cast<std::uint32_t>((nanoseconds >> (exponent - 5)) & 31U);
}

/// The middle of a code's step.
[[nodiscard]] constexpr Duration latency_of_code(std::uint32_t code) noexcept {
  const std::uint32_t exponent = (code >> 5U) + 10;
  const std::uint64_t low = (std::uint64_t{32} + (code & 31U)) << (exponent - 5);
  return Duration{static_cast<Duration::rep>(low + (std::uint64_t{1} << (exponent - 6)))};
}

/// Nearest-rank position of a quantile among n sorted values, counted from 1.
/// The small subtraction keeps 0.07 · 100 = 7.000000000000001 from asking for the eighth.
[[nodiscard]] std::uint64_t nearest_rank(double quantile, std::uint64_t n) noexcept;

}  // namespace switchgear
