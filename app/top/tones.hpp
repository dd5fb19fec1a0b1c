// What looks good and what looks bad.
#pragma once

#include <string_view>

#include "app/top/canvas.hpp"
#include "app/top/circuits.hpp"

namespace switchgear::top {

[[nodiscard]] inline Tone tone_of_state(std::string_view state) {
  if (state == "open" || state == "forced_open") return Tone::bad;
  if (state == "half_open" || state == "disabled") return Tone::warn;
  return Tone::good;
}

[[nodiscard]] inline Tone tone_of(const Circuit& circuit) {
  if (circuit.fleet_open) return Tone::bad;
  const Tone tone = tone_of_state(circuit.state);
  return tone == Tone::good && circuit.ramping ? Tone::warn : tone;
}

/// Of a health score.
[[nodiscard]] inline Tone tone_of(int score) {
  return score >= 80 ? Tone::good : score >= 50 ? Tone::warn : Tone::bad;
}

}  // namespace switchgear::top
