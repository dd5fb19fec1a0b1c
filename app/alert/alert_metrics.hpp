// Alerts as metrics.
#pragma once

#include "app/alert/alerts.hpp"
#include "switchgear/telemetry/metric_families.hpp"

namespace switchgear::alert {

void add_alerts(telemetry::MetricFamilies& to, const Alerts::Status& status);

}  // namespace switchgear::alert
