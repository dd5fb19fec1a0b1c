// What a history tells about itself.
#pragma once

#include <boost/json/object.hpp>

#include "switchgear/telemetry/metric_families.hpp"

namespace switchgear::history {

struct HistoryCounts;
struct HistoryStanding;

/// For `GET /status`.
[[nodiscard]] boost::json::object history_json(const HistoryStanding& standing);

/// Adds `switchgear_history_*`.
void add_history(telemetry::MetricFamilies& to, const HistoryCounts& counts);

}  // namespace switchgear::history
