// Experiments in the admin API.
#pragma once

#include <functional>

#include "app/experiment/shadows.hpp"
#include "app/experiment/splits.hpp"
#include "switchgear/admin/added_resource.hpp"

namespace switchgear::experiment {

/// GET /experiments. `shadows` and `splits` are borrowed. `now`: the clock of the breakers.
[[nodiscard]] admin::AddedResource experiment_resource(const Shadows& shadows, const Splits& splits,
                                                       WallAnchor anchor, std::function<TimePoint()> now);

}  // namespace switchgear::experiment
