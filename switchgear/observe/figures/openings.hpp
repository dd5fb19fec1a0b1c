// Transitions read as openings: from the moment a breaker gives its dependency up to the moment it closes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "switchgear/observe/figures/span.hpp"
#include "switchgear/observe/logged_event.hpp"

namespace switchgear::figures {

/// One outage. A relapse of a half-open breaker belongs to the opening that it prolongs.
struct Opening {
  LoggedTransition why;            ///< the transition to `open`, with its evidence
  std::optional<Wall> first_look;  ///< when it became half-open for the first time
  std::optional<Wall> closed;
  /// No probe of the first half-open period failed, and that period closed the breaker.
  bool well_at_first_look = false;
  std::uint32_t relapses = 0;
  std::optional<Rule> last_relapse;  ///< by which rule
};

/// The openings that began among `transitions` (oldest first), in their order. One that began before them is
/// left out, whether the first transition shows it as a relapse or as restored after a restart. `closed` is
/// empty while an opening lasts, and when its end was not seen: the process ended, or an operator disabled
/// the breaker.
[[nodiscard]] std::vector<Opening> openings_of(std::span<const LoggedTransition> transitions);

/// From opening to closing; zero at least.
[[nodiscard]] inline std::optional<Duration> lasted(const Opening& opening) noexcept {
  if (!opening.closed) return std::nullopt;
  return Span{opening.why.wall, *opening.closed}.length();
}

}  // namespace switchgear::figures
