// Whether the conditions of a rule hold for a circuit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "app/alert/rules/alert_rule.hpp"
#include "app/alert/rules/circuit_past.hpp"

namespace switchgear::alert {

/// What a rule saw that holds, and its limit in the same unit.
struct AlertEvidence {
  double value = 0;
  double threshold = 0;
  std::uint64_t calls = 0;  ///< that `value` is about; 0: not about calls
  std::string text;         ///< for people, without a full stop
};

/// Empty when one of the conditions does not hold. The evidence is that of the first one set among burn rate,
/// failure rate, forecast, changes, opened, state.
[[nodiscard]] std::optional<AlertEvidence> evidence_of(const When& when, const CircuitPast& past, Moment now);

/// How far back the conditions look.
[[nodiscard]] Duration longest_look(const When& when) noexcept;

}  // namespace switchgear::alert
