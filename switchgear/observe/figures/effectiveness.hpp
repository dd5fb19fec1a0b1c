// How well a breaker does its work, in percent.
#pragma once

#include <cstdint>
#include <optional>

#include "switchgear/observe/circuit_history.hpp"

namespace switchgear::figures {

/// Each from 0 to 100.
struct Effectiveness {
  double protection = 0;    ///< 100 − 200 × the failure rate of admitted calls: 100 when none was admitted
  double availability = 0;  ///< 100 × good answers, fallbacks' too, by all calls that wanted one
  double stability = 0;     ///< 100 − the changes of state, of which 50 at most count

  [[nodiscard]] double mean() const noexcept { return (protection + availability + stability) / 3; }
};

/// Of the last 24 h as a rule. `sum`: its samples added up; `changes`: of state; `queue_waiting`: as
/// protected_calls() has it. Empty when nothing was asked.
[[nodiscard]] std::optional<Effectiveness> effectiveness(const CircuitSample& sum, std::uint64_t changes,
                                                         std::optional<std::uint64_t> queue_waiting) noexcept;

}  // namespace switchgear::figures
