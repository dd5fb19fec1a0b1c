// A rule: the conditions under which a circuit is worth an alert, and whom to tell.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/alert/rules/message_template.hpp"
#include "switchgear/core/state.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear::alert {

/// Instants of the wall clock, because incidents outlive their process. The engine is handed readings that do
/// not run backwards within a process (WallAnchor::to_wall), and is told when the wall clock is set.
using Moment = WallAnchor::Wall;

/// `by` later, or earlier. Moment{} stands for "never", and stays.
[[nodiscard]] constexpr Moment shifted(Moment moment, Duration by) noexcept {
  return moment == Moment{} ? moment : moment + by;
}

enum class Severity : std::uint8_t { info, warning, medium, high, critical };

inline constexpr std::array<std::string_view, 5> severity_names{"info", "warning", "medium", "high",
                                                                "critical"};

[[nodiscard]] constexpr std::string_view to_string(Severity severity) noexcept {
  return severity_names[static_cast<std::size_t>(severity)];
}

/// More changes of state than that within a span: the circuit flaps.
struct ChangesCondition {
  std::uint64_t more_than = 5;
  Duration within = std::chrono::hours{1};
  friend bool operator==(const ChangesCondition&, const ChangesCondition&) = default;
};

/// Failed / admitted calls of a span, above a ratio. Not before the span has `min_calls`.
struct FailureRateCondition {
  double above = 0.5;
  Duration within = std::chrono::minutes{5};
  std::uint64_t min_calls = 10;
  friend bool operator==(const FailureRateCondition&, const FailureRateCondition&) = default;
};

/// How fast the error budget of an objective is used up: the share of bad asks (failed or refused), divided
/// by 1 − objective, above a factor over both spans. The long span says that it matters, the short one that
/// it still goes on (Google's SRE workbook, chapter 5). Neither span holds before it has `min_calls`.
struct BurnRateCondition {
  double above = 14.4;
  double objective = 0.999;
  Duration longer = std::chrono::hours{1};
  Duration shorter = std::chrono::minutes{5};
  std::uint64_t min_calls = 50;
  friend bool operator==(const BurnRateCondition&, const BurnRateCondition&) = default;
};

/// The failure rate grows, and if it goes on it is at a ratio within a span, by the forecast of the last hour
/// (switchgear/observe/forecast.hpp). Or the load does, and one call in a hundred finds a bulkhead of that
/// many slots full (load_forecast.hpp). One of the two is set.
struct ForecastCondition {
  std::optional<double> failure_rate;
  std::optional<std::uint64_t> max_concurrent;
  Duration within = std::chrono::minutes{15};
  friend bool operator==(const ForecastCondition&, const ForecastCondition&) = default;
};

/// Holds when everything that is set holds; at least one is.
struct When {
  /// In one of these. A half-open period counts as open unless half_open is named as well: between two
  /// openings the circuit is not well.
  std::vector<State> states;
  std::optional<ChangesCondition> changes;
  std::optional<FailureRateCondition> failure_rate;
  std::optional<BurnRateCondition> burn_rate;
  std::optional<ForecastCondition> forecast;
  bool opened = false;  ///< from an opening, however short, until the circuit is closed again

  friend bool operator==(const When&, const When&) = default;
};

struct AlertRule {
  std::string name;
  When when;
  std::vector<std::string> circuits;  ///< patterns; empty: every circuit
  Duration hold{};                    ///< `for`: how long the conditions must hold before it fires
  Duration keep_firing_for{};         ///< how long they must not hold before it is resolved
  Duration repeat_every = std::chrono::hours{4};  ///< told again while it fires; zero: never
  Severity severity = Severity::warning;
  std::vector<std::string> notify;  ///< names of channels
  MessageTemplate message = message_template("{{rule}}: {{circuit}}: {{evidence}}");
  std::string runbook;  ///< a link; may be empty
};

}  // namespace switchgear::alert
