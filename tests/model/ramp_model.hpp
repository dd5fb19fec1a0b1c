// A controlled ramp, worked out from all calls that came back since it began, for every query.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "switchgear/core/event.hpp"
#include "switchgear/core/outcome.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/policy/ramp_options.hpp"

namespace switchgear::model {

/// A call of a ramp.
struct RampCall {
  TimePoint at;
  bool failed;  ///< or slow, if a rule minds that
  Duration latency;
  std::size_t number;  ///< the caller's
};

/// What the end of a step came to.
struct RampTurn {
  TimePoint at{};
  std::optional<RampChange> change;  ///< empty: the share stayed
  bool opens = false;
  double share = 0, safe_share = 0;  ///< from then on
  std::uint32_t hold = 0;
  std::uint64_t calls = 0, failed = 0;  ///< of the step
};

struct ModelRamp {
  double share = 0, safe_share = 0;
  std::uint32_t hold = 0;
  TimePoint began{};           ///< of the step
  std::vector<RampCall> step;  ///< the calls of the step
  std::vector<RampTurn> turns;
  /// When the step ends, if it has as many calls as a decision takes and the ramp goes on.
  std::optional<TimePoint> due;
};

/// Of a ramp that began at `start`, after these calls. Ends that are due at `now` or before are turns, too.
/// The calls after the first `judged` are in the step and end nothing.
[[nodiscard]] ModelRamp ramp_after(const RampOptions& options, TimePoint start,
                                   const std::vector<RampCall>& calls, std::size_t judged, TimePoint now);

}  // namespace switchgear::model
