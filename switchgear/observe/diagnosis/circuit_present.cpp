#include "switchgear/observe/diagnosis/circuit_present.hpp"

namespace switchgear {

figures::Present for_figures(const CircuitPresent& present) {
  figures::Present made;
  const bool refuses = present.breaker.advised && present.breaker.state == State::closed;
  made.state = refuses ? State::open : present.breaker.state;  // for the fleet
  made.window = present.breaker.window;
  made.last = present.last;
  made.open_duration = present.options.open_duration;
  if (present.options.slow_call) made.slow_above = present.options.slow_call->threshold;
  made.capacity = present.around.capacity;
  made.value = present.around.value;
  made.queue_waiting = present.around.queue_waiting;
  return made;
}

}  // namespace switchgear
