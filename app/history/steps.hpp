// Samples in stretches of a length that the reader chooses.
#pragma once

#include <chrono>
#include <vector>

#include "switchgear/observe/circuit_history.hpp"

namespace switchgear::history {

/// Adds up the samples that begin within one multiple of `step`, which is above 0. A sum begins with its
/// first sample; its length is the time that was recorded. A sample that is longer than `step` stays as it
/// is.
[[nodiscard]] std::vector<CircuitSample> by_step(const std::vector<CircuitSample>& samples,
                                                 std::chrono::seconds step);

}  // namespace switchgear::history
