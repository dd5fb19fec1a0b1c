// What a fleet of processes makes of one dependency, for the breaker of one of them.
#pragma once

#include <cstdint>

#include "switchgear/core/time.hpp"

namespace switchgear {

/// Advice that each process's own breaker weighs.
struct FleetAdvice {
  TimePoint refuse_until{};  ///< a closed breaker refuses calls until then
  TimePoint hold_until{};    ///< a breaker that is open, or half-open, admits no probe until then

  friend bool operator==(const FleetAdvice&, const FleetAdvice&) = default;
};

/// Which breakers CircuitBreaker::probe_for_fleet() makes half-open.
enum class Probing : std::uint8_t { only_open, also_closed };

}  // namespace switchgear
