// A comparison as a picture.
#pragma once

#include <string>

#include "app/lab/compare/comparison.hpp"

namespace switchgear::lab {

/// A whole SVG file: the calls over time, good and failed, the outages, and for each policy when its breaker
/// was open or half-open. Of a trace with unknown outcomes both: had those calls succeeded, and had they
/// failed.
[[nodiscard]] std::string chart(const Comparison& comparison, const Calls& calls);

}  // namespace switchgear::lab
