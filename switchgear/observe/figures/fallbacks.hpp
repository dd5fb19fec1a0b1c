// What fallbacks did for the callers.
#pragma once

#include <cstdint>
#include <optional>

#include "switchgear/observe/circuit_history.hpp"

namespace switchgear::figures {

/// Answers and stored calls of the fallbacks, by all that fallbacks were asked for. Empty when they were not
/// asked.
[[nodiscard]] std::optional<double> fallback_success_rate(const CircuitSample& sum) noexcept;

/// Calls that failed or were refused and had a good answer all the same: by a fallback, or by a queue that
/// made them later. `queue_waiting`: the calls that the queue still holds, which are the newest; empty when
/// that is not known, and then stored calls are not counted. At most as many as failed or were refused.
[[nodiscard]] std::uint64_t protected_calls(const CircuitSample& sum,
                                            std::optional<std::uint64_t> queue_waiting) noexcept;

/// The share of all calls that only a fallback gave a good answer. Empty when nothing was asked.
[[nodiscard]] std::optional<double> availability_gained(const CircuitSample& sum,
                                                        std::optional<std::uint64_t> queue_waiting) noexcept;

}  // namespace switchgear::figures
