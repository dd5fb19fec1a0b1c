// An adaptive breaker's limits, worked out from all its samples for every query.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "switchgear/core/outcome.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/policy/circuit_breaker_options.hpp"

namespace switchgear::model {

/// A call that came back with success or failure.
struct ModelSample {
  Verdict verdict;
  Duration latency;
};

/// What an adaptive breaker goes by.
struct ModelAdapted {
  TimePoint at{};  ///< of a change
  std::uint32_t consecutive_failures = 0;
  Duration open_duration{};
  std::size_t samples = 0;
  double failure_rate = 0;
  std::optional<Duration> mean_latency;
};

/// By these samples, oldest first. The options when it is not adaptive.
[[nodiscard]] ModelAdapted adapted(const CircuitBreakerOptions& options,
                                   const std::vector<ModelSample>& samples);

}  // namespace switchgear::model
