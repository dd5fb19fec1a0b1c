// Ready-made circuit breakers for common kinds of dependency, as one table.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "switchgear/core/time.hpp"
#include "switchgear/policy/circuit_breaker_options.hpp"

namespace switchgear {

/// One row of the table. Data, so that it can be listed, shown and compared.
struct Preset {
  std::string_view name;
  std::uint32_t consecutive_failures;
  double failure_rate;
  Duration open_duration;
  std::uint32_t permitted_calls;  ///< probes that must pass to close
  Duration slow_threshold;        ///< with a slow-call rate of 0.5
  Duration probe_interval;
};

/// All of them: payment, authentication, core, analytics, third_party, internal.
[[nodiscard]] std::span<const Preset> presets() noexcept;
[[nodiscard]] CircuitBreakerOptions options_of(const Preset& preset);

/// The options of the preset with that name, to take as they are or to change before use.
/// Throws std::invalid_argument, which names the presets, if the name is unknown.
///
///     auto payment = registry.get_or_create("payment", preset("payment"), now);
[[nodiscard]] CircuitBreakerOptions preset(std::string_view name);

}  // namespace switchgear
