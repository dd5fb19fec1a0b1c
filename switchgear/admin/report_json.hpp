// Reports and diagnoses as JSON.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <vector>

#include "switchgear/observe/report/report.hpp"

namespace switchgear::admin {

/// Lengths of time in seconds, ratios 0 to 1, instants in ISO 8601; what the data does not have is null.
[[nodiscard]] boost::json::object report_json(const Report& report);

/// The curves of a report.
[[nodiscard]] boost::json::array course_json(const std::vector<ReportPoint>& course);

[[nodiscard]] boost::json::object diagnosis_json(const Diagnosis& diagnosis);

}  // namespace switchgear::admin
