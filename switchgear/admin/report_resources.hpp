// GET /reports/{name} and GET /analysis/{name}.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "switchgear/admin/added_resource.hpp"
#include "switchgear/admin/circuit_source.hpp"

namespace switchgear::admin {

/// Borrows `circuits`; `clock` is the breakers' clock.
[[nodiscard]] std::vector<AddedResource> report_resources(const CircuitSource& circuits,
                                                          std::function<TimePoint()> clock);

/// The parameter `since` as a length of time, as of span_of(); `otherwise` without one.
[[nodiscard]] std::variant<Duration, Problem> since_of(const ResourceRequest& request, Duration otherwise);

/// `24h`, `90m`: a whole number and a unit, `d` among them; more than nothing and at most ten years. Empty
/// for anything else.
[[nodiscard]] std::optional<Duration> span_of(std::string_view text) noexcept;

}  // namespace switchgear::admin
