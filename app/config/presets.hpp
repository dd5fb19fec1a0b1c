// Ready-made circuit breakers for common kinds of dependency, as one table.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "switchgear/core/time.hpp"
#include "switchgear/policy/circuit_breaker_options.hpp"

namespace switchgear::config {

struct Preset {
  std::string_view name;
  std::uint32_t consecutive_failures;
  double failure_rate;
  Duration open_duration;
  std::uint32_t permitted_calls;  ///< probes that must pass to close
  Duration slow_threshold;        ///< with a slow-call rate of 0.5
  Duration probe_interval;
};

[[nodiscard]] std::span<const Preset> presets() noexcept;
[[nodiscard]] CircuitBreakerOptions options_of(const Preset& preset);

}  // namespace switchgear::config
