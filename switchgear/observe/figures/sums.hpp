// Samples added up, and the sums that several figures need.
#pragma once

#include <cstdint>
#include <span>

#include "switchgear/observe/circuit_history.hpp"

namespace switchgear::figures {

/// The counts of all samples as those of one: from the first one's beginning, with the last one's state. Its
/// length is the sum of theirs, so that gaps do not count. All zeros without samples.
[[nodiscard]] CircuitSample sum_of(std::span<const CircuitSample> samples);

[[nodiscard]] std::uint64_t failures_in(const CircuitSample& sample) noexcept;

/// Calls that ended in a success or a failure.
[[nodiscard]] inline std::uint64_t judged_in(const CircuitSample& sample) noexcept {
  return sample.successes + failures_in(sample);
}

/// Calls that wanted an answer: the judged ones and the refused ones. A call that its caller gave up
/// (`ignored`) wanted none.
[[nodiscard]] inline std::uint64_t asked_in(const CircuitSample& sample) noexcept {
  return judged_in(sample) + sample.rejected;
}

}  // namespace switchgear::figures
