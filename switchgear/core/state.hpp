// The states of a circuit breaker and the rules by which it leaves them, as words.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace switchgear {

/// The first three are the machine's own; the last two are set, and left, only by an operator.
enum class State : std::uint8_t { closed, open, half_open, forced_open, disabled };

inline constexpr std::array states{State::closed, State::open, State::half_open, State::forced_open,
                                   State::disabled};

/// Why a breaker changed its state: a trip rule, or one of the ways out of the other states.
enum class Rule : std::uint8_t {
  failure_rate,
  slow_call,
  latency,
  consecutive_failures,
  failure_balance,
  stuck_calls,
  probe,          ///< half-open → open: too many probes failed
  max_wait,       ///< half-open → open: a probe did not come back in time
  recovered,      ///< half-open → closed
  open_duration,  ///< open → half-open
  operator_command,
  restored,      ///< any → any: by CircuitBreaker::restore()
  health_check,  ///< closed → open, open → half-open: answers of an active check in a row
  ramp,          ///< closed → open: too many calls failed at the smallest share of a controlled ramp
  fleet,         ///< closed or open → half-open: the other processes let this one probe, or have recovered
};

[[nodiscard]] constexpr std::string_view to_string(State state) noexcept {
  constexpr std::array<std::string_view, states.size()> names{"closed", "open", "half_open", "forced_open",
                                                              "disabled"};
  return names[static_cast<std::size_t>(state)];
}

[[nodiscard]] constexpr std::string_view to_string(Rule rule) noexcept {
  constexpr std::array<std::string_view, 15> names{
      "failure_rate", "slow_call", "latency",   "consecutive_failures", "failure_balance", "stuck_calls",
      "probe",        "max_wait",  "recovered", "open_duration",        "operator",        "restored",
      "health_check", "ramp",      "fleet"};
  return names[static_cast<std::size_t>(rule)];
}

}  // namespace switchgear
