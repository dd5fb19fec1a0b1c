// The levels of a multi-level breaker, as words: how bad the dependency has proved to be.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace switchgear {

/// Each has thresholds, a length of its openings and an answer to refused calls of its own. A breaker begins
/// with `warning`.
enum class BreakerLevel : std::uint8_t { warning, critical, emergency };

inline constexpr std::array breaker_levels{BreakerLevel::warning, BreakerLevel::critical,
                                           BreakerLevel::emergency};

[[nodiscard]] constexpr std::string_view to_string(BreakerLevel level) noexcept {
  constexpr std::array<std::string_view, breaker_levels.size()> names{"warning", "critical", "emergency"};
  return names[static_cast<std::size_t>(level)];
}

/// What callers still get at a level: `full`, `degraded`, `emergency`. Their refused calls are answered
/// accordingly.
[[nodiscard]] constexpr std::string_view service_at(BreakerLevel level) noexcept {
  constexpr std::array<std::string_view, breaker_levels.size()> names{"full", "degraded", "emergency"};
  return names[static_cast<std::size_t>(level)];
}

/// Why a breaker went to another level.
enum class LevelCause : std::uint8_t {
  escalated,         ///< it opened, and its failure rate was above `escalate_above`: one level up
  calm,              ///< it had been closed for `calm`: one level down
  operator_command,  ///< back to `warning`
  restored,          ///< as another breaker, or this one, was saved
};

[[nodiscard]] constexpr std::string_view to_string(LevelCause cause) noexcept {
  constexpr std::array<std::string_view, 4> names{"escalated", "calm", "operator", "restored"};
  return names[static_cast<std::size_t>(cause)];
}

}  // namespace switchgear
