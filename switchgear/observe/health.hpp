// One word for all breakers together.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "switchgear/core/state.hpp"

namespace switchgear {

enum class Health : std::uint8_t { healthy, degraded, unhealthy };

[[nodiscard]] constexpr std::string_view to_string(Health health) noexcept {
  constexpr std::array<std::string_view, 3> names{"healthy", "degraded", "unhealthy"};
  return names[static_cast<std::size_t>(health)];
}

/// Unhealthy when half or more of the breakers refuse every call (open or forced open); degraded when any is
/// not closed. No breakers at all are healthy: nothing is known to be wrong. A closed breaker whose calls the
/// fleet refuses is to be shown as open.
[[nodiscard]] constexpr Health health_of(std::span<const State> breakers) noexcept {
  std::size_t refusing = 0;
  bool all_closed = true;
  for (const State state : breakers) {
    if (state == State::open || state == State::forced_open) ++refusing;
    if (state != State::closed) all_closed = false;
  }
  if (refusing > 0 && refusing * 2 >= breakers.size()) return Health::unhealthy;
  return all_closed ? Health::healthy : Health::degraded;
}

}  // namespace switchgear
