// Lengths of time as people write them: "250ms", "1.5s", "2m". A number without a unit is never a duration.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "switchgear/core/duration_text.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear::config {

struct ParsedDuration {
  std::optional<Duration> value;
  std::string problem;  ///< what was found and what is expected; set when `value` is not
};

/// A decimal number and one unit of ns, us (µs), ms, s, m, h. Exact: what does not fit into 64 bits of
/// nanoseconds, or is finer than one, is a problem and not a rounding.
[[nodiscard]] ParsedDuration parse_duration(std::string_view text);

/// Parses back to the same.
using switchgear::format_duration;

}  // namespace switchgear::config
