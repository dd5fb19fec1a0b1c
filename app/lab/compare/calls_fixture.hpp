// Recorded calls for tests.
#pragma once

#include "app/lab/compare/calls.hpp"

namespace switchgear::lab {

inline constexpr Duration call_latency = std::chrono::milliseconds{20};

/// So many calls, the first at `at`.
inline void add(Calls& calls, int count, Duration at, Duration apart, Verdict verdict,
                Duration latency = call_latency) {
  for (int i = 0; i < count; ++i)
    calls.push_back({TimePoint{at + i * apart}, latency, {}, verdict, FailureType::http_error});
}

}  // namespace switchgear::lab
