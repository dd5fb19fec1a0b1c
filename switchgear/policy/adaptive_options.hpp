// How a breaker adapts to the calls it has seen: what it may move, how far, and why.
#pragma once

#include <chrono>
#include <cstdint>

#include "switchgear/core/time.hpp"

namespace switchgear {

/// Moves `consecutive_failures`: stricter while many calls fail, laxer while few do.
struct AdaptiveFailures {
  double strict_above = 0.5;  ///< failure rate of the samples above which `step` fewer open it. [0, 1]
  double lax_below = 0.1;     ///< failure rate below which it takes `step` more. [0, strict_above]
  std::uint32_t step = 2;     ///< 1 … 1'000
  std::uint32_t least = 2;    ///< never lowered below this; 1 … `most`
  std::uint32_t most = 10;    ///< never raised above this

  friend bool operator==(const AdaptiveFailures&, const AdaptiveFailures&) = default;
};

/// Moves `open_duration`: longer while good answers are slow, shorter while they are quick.
struct AdaptiveOpening {
  Duration long_above =
      std::chrono::seconds{1};  ///< mean latency of the successes; longer than `short_below`
  Duration short_below = std::chrono::milliseconds{200};
  double lengthen = 1.5;                         ///< factor; 1 … 1'000
  Duration longest = std::chrono::seconds{300};  ///< never lengthened beyond this
  double shorten = 0.8;                          ///< factor; above 0, to 1
  Duration shortest = std::chrono::seconds{10};  ///< never shortened below this

  friend bool operator==(const AdaptiveOpening&, const AdaptiveOpening&) = default;
};

/// Both are always worked out from the options themselves, never from what was in force before, and never go
/// to the other side of them: a limit that is already beyond `least` or `longest` stays where it is.
struct AdaptiveOptions {
  std::uint32_t samples = 50;  ///< the last recorded calls it looks at, once there are as many; 1 … 10'000
  AdaptiveFailures failures{};
  AdaptiveOpening opening{};

  friend bool operator==(const AdaptiveOptions&, const AdaptiveOptions&) = default;
};

}  // namespace switchgear
