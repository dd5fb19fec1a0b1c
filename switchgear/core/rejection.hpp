// A refusal before any call was made: who refused, why, and when it is worth coming back.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "switchgear/core/time.hpp"

namespace switchgear {

/// Why a call was refused.
enum class Reason : std::uint8_t {
  open,         ///< the breaker is open; `retry_after` is what is left of it
  half_open,    ///< every probe permit is taken, or the next one is not due yet
  forced_open,  ///< an operator holds the breaker open; nobody knows for how long
  ramping,      ///< the breaker has just closed and lets traffic in by shares
};

inline constexpr std::array rejection_reasons{Reason::open, Reason::half_open, Reason::forced_open,
                                              Reason::ramping};

[[nodiscard]] constexpr std::string_view to_string(Reason reason) noexcept {
  constexpr std::array<std::string_view, rejection_reasons.size()> names{"open", "half_open", "forced_open",
                                                                         "ramping"};
  return names[static_cast<std::size_t>(reason)];
}

/// A value, cheap to return and to drop; nothing is thrown inside the library.
struct Rejection {
  Reason reason = Reason::open;
  /// The name of the policy that refused. Borrowed from the policy: valid as long as the policy is.
  std::string_view policy;
  /// When to come back, counted from the `now` that was handed in. Never negative; empty when nobody knows.
  std::optional<Duration> retry_after;
};

/// For people: `breaker 'payment' is open; retry in 4.2s`.
[[nodiscard]] std::string to_string(const Rejection& rejection);

}  // namespace switchgear
