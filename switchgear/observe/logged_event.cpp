#include "switchgear/observe/logged_event.hpp"

namespace switchgear {

LoggedTransition logged(const Transition& transition) {
  LoggedTransition made;
  made.breaker = transition.breaker;
  made.from = transition.from;
  made.to = transition.to;
  made.generation = transition.generation;
  made.at = transition.at;
  made.wall = transition.wall;
  made.rule = transition.rule;
  made.value = transition.value;
  made.threshold = transition.threshold;
  made.window = transition.window;
  made.last_failure = transition.last_failure;
  return made;
}

LoggedAdapted logged(const AdaptedEvent& adapted) {
  return {std::string{adapted.policy}, adapted.at,      adapted.consecutive_failures,
          adapted.open_duration,       adapted.samples, adapted.failure_rate,
          adapted.mean_latency};
}

LoggedRamp logged(const RampEvent& ramp) {
  return {std::string{ramp.policy}, ramp.at,   ramp.change, ramp.share,
          ramp.safe_share,          ramp.hold, ramp.calls,  ramp.failed};
}

LoggedLevel logged(const LevelEvent& level) {
  return {std::string{level.policy}, level.state, level.generation, level.change};
}

}  // namespace switchgear
