#include "switchgear/admin/metrics_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <cstdint>
#include <utility>
#include <variant>

namespace switchgear::admin {
namespace json = boost::json;
namespace {

/// Counts stay integers as long as a double holds them exactly.
json::value number(double value) {
  if (value == std::floor(value) && std::abs(value) < 9007199254740992.0)
    return static_cast<std::int64_t>(value);
  return value;
}

json::object sample_json(const telemetry::MetricSample& sample) {
  json::object labels;
  for (const telemetry::Label& each : sample.labels) labels[each.name] = each.value;
  json::object made{{"labels", std::move(labels)}};
  if (const auto* histogram = std::get_if<telemetry::Histogram>(&sample.value)) {
    made["count"] = histogram->count;
    made["sum"] = histogram->sum;
  } else {
    made["value"] = number(std::get<double>(sample.value));
  }
  return made;
}

}  // namespace

json::object metrics_json(const telemetry::MetricFamilies& families) {
  json::object all;
  for (const telemetry::MetricFamily& family : families.all()) {
    json::array samples;
    for (const telemetry::MetricSample& each : family.samples) samples.push_back(sample_json(each));
    all[family.name] = std::move(samples);
  }
  return all;
}

}  // namespace switchgear::admin
