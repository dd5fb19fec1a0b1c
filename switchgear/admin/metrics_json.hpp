// Metric families as JSON: GET /metrics with `Accept: application/json`, and `metrics` of GET /status.
#pragma once

#include <boost/json/object.hpp>

#include "switchgear/telemetry/metric_families.hpp"

namespace switchgear::admin {

/// `{family: [{"labels": {…}, "value": n} or {"labels": {…}, "count": n, "sum": s}]}`.
[[nodiscard]] boost::json::object metrics_json(const telemetry::MetricFamilies& families);

}  // namespace switchgear::admin
