// One circuit's past as plain values: what a history keeps, and what figures, reports and diagnoses are made
// from. Never here: how it is stored.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "switchgear/core/event.hpp"
#include "switchgear/core/level.hpp"
#include "switchgear/core/outcome.hpp"
#include "switchgear/core/state.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/observe/duration_histogram.hpp"
#include "switchgear/observe/logged_event.hpp"

namespace switchgear {

/// What one circuit did in one stretch of time: counts of that stretch, not totals. Samples of neighbouring
/// stretches may be added up.
struct CircuitSample {
  WallAnchor::Wall from{};         ///< when the stretch began
  std::chrono::seconds length{0};  ///< of the stretch
  State state = State::closed;     ///< at its end
  std::uint64_t successes = 0;
  std::array<std::uint64_t, failure_types.size()> failures{};  ///< of admitted calls, by type
  std::uint64_t ignored = 0;
  std::uint64_t slow = 0;      ///< slower than `slow_call.threshold`; counted above as well
  std::uint64_t rejected = 0;  ///< by the breaker
  /// Of the service's fallbacks; 0 for a breaker without a service.
  std::uint64_t fallbacks_answered = 0;
  std::uint64_t fallbacks_queued = 0;
  std::uint64_t fallbacks_failed = 0;
  /// Calls by duration: for each bucket of `duration_bounds`, and one for what is longer.
  std::array<std::uint64_t, duration_bounds.size() + 1> successes_took{};
  std::array<std::uint64_t, duration_bounds.size() + 1> failures_took{};
  Duration success_time{};  ///< sums of the same calls
  Duration failure_time{};
};

/// A change of level of a multi-level breaker.
struct PastLevel {
  WallAnchor::Wall wall{};
  LevelChange change;
};

/// Samples and transitions of one circuit within a span, each oldest first. A stretch without a sample is one
/// in which nothing was recorded: the program did not run, or its history was lost.
struct CircuitHistory {
  std::string circuit;
  std::vector<CircuitSample> samples;
  std::vector<LoggedTransition> transitions;
  std::vector<PastLevel> levels;                 ///< changes within the span, oldest first
  std::optional<BreakerLevel> level_at_start{};  ///< empty: not known, or it has no levels

  /// Empty: not known, or it has no levels.
  [[nodiscard]] std::optional<BreakerLevel> level_at(WallAnchor::Wall at) const {
    std::optional<BreakerLevel> level = levels.empty() ? level_at_start : levels.front().change.from;
    for (const PastLevel& each : levels) {
      if (each.wall <= at) level = each.change.to;
    }
    return level;
  }
};

}  // namespace switchgear
