// What a history tells about itself.
#pragma once

#include "switchgear/telemetry/metric_families.hpp"

namespace switchgear::history {

struct HistoryCounts;

/// Adds `switchgear_history_*`.
void add_history(telemetry::MetricFamilies& to, const HistoryCounts& counts);

}  // namespace switchgear::history
