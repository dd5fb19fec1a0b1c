// The figures of circuits (observe/figures) as metric families. Names and labels are a contract with users'
// dashboards (docs/admin-api.md).
#pragma once

#include <string>

#include "switchgear/observe/figures/figures.hpp"
#include "switchgear/telemetry/metric_families.hpp"

namespace switchgear::telemetry {

/// Adds `switchgear_circuit_*` of one circuit, all gauges. A figure that is empty is left out.
void add_figures(MetricFamilies& to, const std::string& circuit, const figures::Figures& figures);

}  // namespace switchgear::telemetry
