// Instants as people and programs write them (RFC 3339).
#pragma once

#include <optional>
#include <string_view>

#include "app/alert/rules/alert_rule.hpp"

namespace switchgear::alert {

/// `2026-12-01T00:00:00Z`, `2026-12-01T00:00:00.5+01:00`; from 1970 to 2200. Empty for everything else.
[[nodiscard]] std::optional<Moment> parse_moment(std::string_view text) noexcept;

}  // namespace switchgear::alert
