// Points in time as people write them in a query.
#pragma once

#include <optional>
#include <string_view>

#include "switchgear/core/time.hpp"

namespace switchgear::history {

/// `2026-03-01T12:00:00Z`, with a fraction of a second and with an offset like `+02:00` instead of `Z` if
/// wanted; `-1h`, that long before `now`; `now`. Nothing for any other text, and for a date that does not
/// exist.
[[nodiscard]] std::optional<WallAnchor::Wall> parse_instant(std::string_view text, WallAnchor::Wall now);

}  // namespace switchgear::history
