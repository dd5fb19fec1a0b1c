// One breaker in full: rates over the last minutes, transitions with their evidence, counters, policy.
#pragma once

#include <cstddef>

#include "app/top/answer.hpp"
#include "app/top/canvas.hpp"
#include "app/top/circuits.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear::top {

/// As many lines as it takes; the screen shows a part of them. `answer` is that of GET
/// /circuit-breakers/{name}, which has the transitions.
[[nodiscard]] Lines breaker_page(const Circuit& circuit, const Answer& answer, std::size_t columns,
                                 TimePoint now);

}  // namespace switchgear::top
