// The faults that a demo service can be told to have.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace switchgear::demo {

enum class FaultMode : std::uint8_t {
  none,
  errors,   ///< answers 500, late
  latency,  ///< answers 200, late
  hang,     ///< reads the request and never answers
  refuse,   ///< does not listen: connections are refused, open ones are closed
  reset,    ///< reads the request and resets the connection
};

inline constexpr std::array fault_modes{FaultMode::none, FaultMode::errors, FaultMode::latency,
                                        FaultMode::hang, FaultMode::refuse, FaultMode::reset};

[[nodiscard]] constexpr std::string_view to_string(FaultMode mode) noexcept {
  constexpr std::array<std::string_view, fault_modes.size()> names{"none", "errors", "latency",
                                                                   "hang", "refuse", "reset"};
  return names[static_cast<std::size_t>(mode)];
}

[[nodiscard]] constexpr std::optional<FaultMode> fault_mode(std::string_view name) noexcept {
  for (const FaultMode mode : fault_modes) {
    if (to_string(mode) == name) return mode;
  }
  return std::nullopt;
}

/// A mode, and how late `errors` and `latency` answer.
struct Fault {
  FaultMode mode = FaultMode::none;
  std::chrono::milliseconds delay{250};
};

}  // namespace switchgear::demo
