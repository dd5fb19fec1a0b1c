// How far back the windows of a breaker look.
#pragma once

#include <chrono>
#include <cstdint>

#include "switchgear/core/time.hpp"

namespace switchgear {

/// The last `size` recorded calls, in one order for all threads: threads that record at once pay for one
/// shared cache line.
struct CountWindowOptions {
  std::uint32_t size = 100;  ///< 1 … 1'000'000

  friend bool operator==(const CountWindowOptions&, const CountWindowOptions&) = default;
};

/// The calls of the last `duration`, cut into `buckets`: the current, partial bucket and the `buckets - 1`
/// before it. Striped by thread: the choice for a breaker that many threads share.
struct TimeWindowOptions {
  Duration duration = std::chrono::seconds{10};
  std::uint32_t buckets = 10;  ///< 1 … 1'000; more buckets forget more smoothly

  friend bool operator==(const TimeWindowOptions&, const TimeWindowOptions&) = default;
};

}  // namespace switchgear
