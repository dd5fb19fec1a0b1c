// The phases of a scenario in words, at the times at which they begin and end.
#pragma once

#include <string>
#include <vector>

#include "app/chaos/scenario.hpp"

namespace switchgear::chaos {

struct Happening {
  Duration at{};
  std::string what;  ///< `payment 2: errors 100%, latency 2s`
};

/// In order of time.
[[nodiscard]] std::vector<Happening> happenings(const std::vector<Phase>& phases);

}  // namespace switchgear::chaos
