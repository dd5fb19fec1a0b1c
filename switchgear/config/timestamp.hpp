// Instants as people and programs write them (RFC 3339).
#pragma once

#include <optional>
#include <string_view>

#include "switchgear/core/time.hpp"

namespace switchgear::config {

/// `2026-12-01T00:00:00Z`, `2026-12-01T00:00:00.5+01:00`; from 1970 to 2200, without leap seconds. Empty for
/// everything else.
[[nodiscard]] std::optional<WallAnchor::Wall> parse_timestamp(std::string_view text) noexcept;

}  // namespace switchgear::config
