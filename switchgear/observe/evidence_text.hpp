// The evidence for a change of state as one line for people.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "switchgear/core/event.hpp"

namespace switchgear {

/// What the rule saw: `failure_rate 0.5 >= 0.5: 10 of 20 calls failed`. `value`, `threshold` and `window` as
/// a Transition has them.
[[nodiscard]] std::string evidence_text(Rule rule, double value, double threshold,
                                        const WindowSnapshot& window);

/// Of a Transition or a LoggedTransition.
template <class Change>
[[nodiscard]] std::string evidence_text(const Change& change) {
  return evidence_text(change.rule, change.value, change.threshold, change.window);
}

/// What an adaptive breaker goes by now, and why: `opens after 3 failures in a row, for 45s: 62% of the last
/// 50 calls failed, good ones took 1.2s`. `consecutive_failures` 0: it has no such rule; `samples` 0: it goes
/// by its options.
[[nodiscard]] std::string adapted_text(std::uint32_t consecutive_failures, Duration open_duration,
                                       std::uint32_t samples, double failure_rate,
                                       std::optional<Duration> mean_latency);

/// Of an AdaptedEvent, a LoggedAdapted or AdaptedFigures.
template <class Adapted>
[[nodiscard]] std::string adapted_text(const Adapted& adapted) {
  return adapted_text(adapted.consecutive_failures, adapted.open_duration, adapted.samples,
                      adapted.failure_rate, adapted.mean_latency);
}

/// What the controller of a ramp has decided, and why: `admits 15% of the calls: 0 of 7 failed at the share
/// before`, `falls back to 34% of the calls for 2 steps: 3 of 14 failed`.
[[nodiscard]] std::string ramp_text(RampChange change, double share, std::uint32_t hold, std::uint64_t calls,
                                    std::uint64_t failed);

/// Of a RampEvent or a LoggedRamp.
template <class Ramp>
[[nodiscard]] std::string ramp_text(const Ramp& ramp) {
  return ramp_text(ramp.change, ramp.share, ramp.hold, ramp.calls, ramp.failed);
}

/// Where a multi-level breaker has gone, and why: `goes from warning to critical: 9 of 12 failed, 75% is
/// above 60%`, `comes down from critical to warning: it was closed for 30s`.
[[nodiscard]] std::string level_text(const LevelChange& change);

}  // namespace switchgear
