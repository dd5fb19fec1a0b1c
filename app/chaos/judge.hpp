// Whether what was expected held, from what was observed. Pure.
#pragma once

#include <string>

#include "app/chaos/observations.hpp"
#include "app/chaos/scenario.hpp"

namespace switchgear::chaos {

struct Verdict {
  bool held = false;
  std::string expected;  ///< `breaker payment opens within 3s after 10s`
  std::string found;     ///< `it opened 0.62s after`, for people
};

[[nodiscard]] Verdict judge(const Expectation& expectation, const Observations& seen);

}  // namespace switchgear::chaos
