// GET /history: what was recorded of one circuit, or which circuits have a history and what was commanded.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "switchgear/admin/added_resource.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/observe/circuit_history.hpp"

namespace switchgear::history {

class History;

/// Samples that one answer has at most.
inline constexpr std::int64_t most_points = 3000;

/// `history` is borrowed. `anchor`: of the breakers. `now`: the wall clock.
[[nodiscard]] admin::AddedResource history_resource(History& history, WallAnchor anchor,
                                                    std::function<WallAnchor::Wall()> now);

/// A circuit's past as the resource shows it.
[[nodiscard]] boost::json::object history_json(const CircuitHistory& history, const WallAnchor& anchor);

}  // namespace switchgear::history
