#include "app/serve/drain.hpp"

#include <utility>

namespace switchgear::serve {

void Drain::begin(Duration at_most, std::function<void()> ended) {
  log_.info("draining: requests under way are finished, new ones are not taken");
  thread_ = std::jthread{[this, at_most, ended = std::move(ended)] {
    if (!gateway_.drain(at_most)) log_.warn("the time to drain is over; connections were cut off");
    ended();
  }};
}

void Drain::hurry() {
  log_.warn("second signal: ending at once");
  hurried_ = true;
  gateway_.hurry();
}

}  // namespace switchgear::serve
