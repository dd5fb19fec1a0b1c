// What is shown of the checks of services: in GET /status, and as metrics.
#pragma once

#include <boost/json/array.hpp>
#include <vector>

#include "app/service_health/service_checks.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/telemetry/metric_families.hpp"

namespace switchgear::service_health {

/// `health_checks` of GET /status.
[[nodiscard]] boost::json::array health_checks(const std::vector<TargetHealth>& all,
                                               const WallAnchor& anchor);

/// Adds `switchgear_health_check_*`.
void add_health_checks(telemetry::MetricFamilies& to, const std::vector<TargetHealth>& all);

}  // namespace switchgear::service_health
