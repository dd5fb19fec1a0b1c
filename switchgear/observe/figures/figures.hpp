// observe/figures: numbers about one circuit, from its past (CircuitHistory) and a few present values. Each
// figure is a pure function in a file of its own; a figure that the data does not have is empty, never 0 or
// NaN. Here they are together. Never here: reading a clock, a store or a breaker.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "switchgear/core/event.hpp"
#include "switchgear/observe/circuit_history.hpp"
#include "switchgear/observe/figures/business.hpp"
#include "switchgear/observe/figures/effectiveness.hpp"
#include "switchgear/observe/figures/openings.hpp"
#include "switchgear/observe/figures/protection.hpp"
#include "switchgear/observe/figures/quantile.hpp"
#include "switchgear/observe/figures/span.hpp"

namespace switchgear::figures {

/// What figures need beside the past.
struct Present {
  State state = State::closed;
  WindowSnapshot window{};
  /// The last transitions, at most scored_transitions, in any order; also those before the span.
  std::vector<LoggedTransition> last;
  std::optional<Duration> open_duration;       ///< of the breaker's options
  std::optional<Duration> slow_above;          ///< `slow_call.threshold`: the target of Apdex
  std::optional<double> capacity;              ///< calls that the callers have room for at once
  std::optional<CallValue> value;              ///< of one call
  std::optional<std::uint64_t> queue_waiting;  ///< stored calls that have not been made yet
};

struct Figures {
  int health_score = 0;
  std::optional<double> success_rate;  ///< of the span
  std::optional<Effectiveness> effectiveness;
  std::vector<Opening> opened;          ///< in the span, oldest first
  std::vector<Protection> protections;  ///< of each of them
  std::optional<std::uint64_t> doubtful_openings;
  std::optional<double> false_positive_rate;
  std::optional<Duration> mean_time_to_recovery;
  std::optional<Duration> time_saved;
  std::optional<std::uint64_t> cascades_prevented;
  std::optional<double> transitions_per_hour;
  bool flapping = false;
  double flap_percentage = 0;
  std::optional<double> fallback_success_rate;
  std::optional<Quantile> p50, p95, p99;  ///< of successes and failures together
  std::optional<double> apdex;
  std::optional<double> availability_gained;
  std::optional<Business> business;
};

/// `history`: of `span`. `span.to` is now.
[[nodiscard]] Figures figures_of(const CircuitHistory& history, const Span& span, const Present& present);

}  // namespace switchgear::figures
