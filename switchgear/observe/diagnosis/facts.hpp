// All that is known about a circuit, arranged so that a rule of the diagnosis is one comparison.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "switchgear/observe/circuit_history.hpp"
#include "switchgear/observe/diagnosis/circuit_present.hpp"
#include "switchgear/observe/diagnosis/onset.hpp"
#include "switchgear/observe/figures/figures.hpp"
#include "switchgear/observe/forecast.hpp"

namespace switchgear {

/// What part of the failures is of one type.
struct FailureShare {
  FailureType type = FailureType::exception;
  double share = 0;
};

struct Facts {
  CircuitPresent present;
  figures::Span span;
  figures::Figures figures;
  std::optional<figures::Wall> first_opened;  ///< in the span
  std::uint64_t openings_today = 0;           ///< in the last 24 h, relapses not among them
  std::uint64_t changes_last_hour = 0;
  std::optional<figures::Opening> last_opening;
  std::optional<Onset> onset;          ///< of the last opening
  std::vector<FailureShare> failures;  ///< around the last opening, or of the span; the greatest share first
  std::optional<Forecast> forecast;    ///< of `failure_rate`, if the breaker is closed
  std::optional<Forecast> load;        ///< of the bulkhead
  std::vector<std::string> together;   ///< other circuits that opened within a minute of the last opening

  /// It is open or half-open by its own rules.
  [[nodiscard]] bool is_tripped() const noexcept {
    return present.breaker.state == State::open || present.breaker.state == State::half_open;
  }
  /// Most failures are of this type.
  [[nodiscard]] bool mostly(FailureType type) const noexcept {
    return !failures.empty() && failures.front().type == type && failures.front().share >= 0.5;
  }
};

/// `history`: of `span`, which ends now.
[[nodiscard]] Facts facts_of(const CircuitHistory& history, const figures::Span& span,
                             CircuitPresent present);

}  // namespace switchgear
