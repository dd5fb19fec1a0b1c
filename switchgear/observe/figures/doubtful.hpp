// Openings that were perhaps not needed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "switchgear/observe/circuit_history.hpp"
#include "switchgear/observe/figures/openings.hpp"

namespace switchgear::figures {

/// How many openings were doubtful, among those that can be judged.
struct Doubt {
  std::uint64_t doubtful = 0;
  std::uint64_t judged = 0;

  /// Empty when none can be judged.
  [[nodiscard]] std::optional<double> false_positive_rate() const noexcept {
    if (judged == 0) return std::nullopt;
    return static_cast<double>(doubtful) / static_cast<double>(judged);
  }
};

/// An opening is doubtful if the dependency was well at first look: every probe of the first half-open period
/// was good, and nothing failed for one `open_duration` after the breaker closed.
///
/// One that was well at first look cannot be judged before that time has passed (`now`), nor without a sample
/// of it. A sample that began before the breaker opened is not looked at: its failures are those that opened
/// the breaker. One that has not closed and has not relapsed cannot be judged either.
[[nodiscard]] Doubt doubt_of(std::span<const Opening> openings, std::span<const CircuitSample> samples,
                             Duration open_duration, Wall now) noexcept;

}  // namespace switchgear::figures
