// A circuit breaker as others see it.
#pragma once

#include <cstdint>
#include <optional>

#include "switchgear/core/event.hpp"
#include "switchgear/core/state.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/policy/adaptation.hpp"
#include "switchgear/policy/breaker_levels.hpp"
#include "switchgear/policy/evidence.hpp"
#include "switchgear/policy/probe_round.hpp"
#include "switchgear/policy/ramp_controller.hpp"
#include "switchgear/striped/call_cells.hpp"

namespace switchgear {

/// All a breaker knows about itself at one moment, while calls go on. The state, the window and the sums of
/// `totals` each agree with themselves. Successes that are being recorded at that moment, at most one for
/// each thread, may be in the window and not yet in `totals`.
struct BreakerSnapshot {
  using HalfOpen = ProbeCounts;

  State state = State::closed;
  bool metrics_only = false;
  bool ramping = false;
  bool advised = false;  ///< the fleet's advice refuses calls, or holds probes back, at this moment
  std::uint64_t generation = 0;
  TimePoint since{};                    ///< when the state was entered
  std::optional<Duration> retry_after;  ///< left of an opening; empty in other states
  std::uint32_t relapses = 0;           ///< since last closed
  Duration time_open{};                 ///< spent in `open` so far
  CallTotals totals{};
  /// Of the current closed period, or the last one. During a controlled ramp, of its step.
  WindowSnapshot window{};
  HalfOpen half_open{};  ///< zeros in other states
  std::optional<LastFailure> last_failure;
  std::optional<AdaptedFigures> adapted;  ///< of an adaptive breaker
  std::optional<RampFigures> ramp;        ///< during a ramp that has a controller
  std::optional<LevelFigures> level;      ///< of a multi-level breaker
};

}  // namespace switchgear
