// One number from 0 to 100 for the present condition of a breaker.
#pragma once

#include <cstddef>
#include <span>

#include "switchgear/core/event.hpp"
#include "switchgear/observe/logged_event.hpp"

namespace switchgear::figures {

/// So many of a breaker's last transitions count for its score.
inline constexpr std::size_t scored_transitions = 10;

/// 100, less 50 when it is open or forced open, or 25 when it is half-open; less 25 when the success rate of
/// its window is below 0.5, or 10 when it is below 0.8; less 5 for each opening. Not below 0. `opened`: how
/// many of the breaker's last scored_transitions led to open, relapses included.
[[nodiscard]] int health_score(State state, const WindowSnapshot& window, std::size_t opened) noexcept;

/// How many of these transitions led to open.
[[nodiscard]] std::size_t openings_among(std::span<const LoggedTransition> last) noexcept;

}  // namespace switchgear::figures
