// How the failures began that opened a breaker: all at once, or little by little.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "switchgear/observe/circuit_history.hpp"
#include "switchgear/observe/figures/openings.hpp"

namespace switchgear {

struct Onset {
  enum class Kind : std::uint8_t { spike, slope };
  Kind kind = Kind::spike;
  figures::Wall began{};  ///< of the first sample that was worse
  Duration over{};        ///< from the last quiet sample to the bad one
  double before = 0;      ///< share of bad calls in the quiet sample
  double after = 0;       ///< in the bad one
};

[[nodiscard]] constexpr std::string_view to_string(Onset::Kind kind) noexcept {
  return kind == Onset::Kind::spike ? "spike" : "slope";
}

/// Looks at the samples of the ten minutes before `opening`, and at the one in which it opened. Bad calls are
/// failures; slow ones when the breaker opened because calls were slow. A sample is quiet when its share of
/// bad calls is at most a quarter of the worst sample's, and bad from four fifths of it on. A spike goes from
/// the last quiet sample to a bad one with at most one sample between; a slope takes longer. Empty when fewer
/// than three samples have calls, and when none of them is quiet.
[[nodiscard]] std::optional<Onset> onset_of(const figures::Opening& opening,
                                            std::span<const CircuitSample> samples);

}  // namespace switchgear
