#include "switchgear/telemetry/prometheus_text.hpp"

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>
#include <prometheus/metric_type.h>
#include <prometheus/text_serializer.h>

#include <chrono>
#include <limits>
#include <utility>
#include <variant>
#include <vector>

#include "switchgear/core/utf8.hpp"
#include "switchgear/registry/policy_registry.hpp"
#include "switchgear/telemetry/breaker_metrics.hpp"
#include "switchgear/telemetry/policy_metrics.hpp"

namespace switchgear::telemetry {
namespace {

prometheus::MetricType type_of(MetricKind kind) {
  switch (kind) {
    case MetricKind::counter:
      return prometheus::MetricType::Counter;
    case MetricKind::gauge:
      return prometheus::MetricType::Gauge;
    case MetricKind::histogram:
      return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

/// Prometheus' buckets each include those below them.
void put(prometheus::ClientMetric& to, const Histogram& histogram) {
  to.histogram.sample_count = histogram.count;
  to.histogram.sample_sum = histogram.sum;
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < histogram.bounds.size(); ++i) {
    below += histogram.counts[i];
    to.histogram.bucket.push_back({below, histogram.bounds[i]});
  }
  to.histogram.bucket.push_back({histogram.count, std::numeric_limits<double>::infinity()});
}

prometheus::ClientMetric metric_of(const MetricSample& sample, MetricKind kind) {
  prometheus::ClientMetric made;
  // A name may have come from a client, and the format takes nothing but UTF-8.
  for (const Label& label : sample.labels) made.label.push_back({label.name, as_utf8(label.value)});
  if (const auto* histogram = std::get_if<Histogram>(&sample.value)) {
    put(made, *histogram);
  } else {
    (kind == MetricKind::counter ? made.counter.value : made.gauge.value) = std::get<double>(sample.value);
  }
  return made;
}

}  // namespace

std::string prometheus_text(const MetricFamilies& families) {
  std::vector<prometheus::MetricFamily> theirs;
  for (const MetricFamily& family : families.all()) {
    prometheus::MetricFamily& made = theirs.emplace_back();
    made.name = family.name;
    made.help = family.help;
    made.type = type_of(family.kind);
    for (const MetricSample& sample : family.samples) made.metric.push_back(metric_of(sample, family.kind));
  }
  return prometheus::TextSerializer{}.Serialize(theirs);
}

std::string prometheus_text(const BreakerRegistry& registry, TimePoint now) {
  MetricFamilies families;
  add_breakers(families, registry, now);
  return prometheus_text(families);
}

std::string prometheus_text(const PolicyRegistry& registry, TimePoint now) {
  MetricFamilies families;
  add_breakers(families, registry.breakers(), now);
  add_policies(families, registry, now);
  return prometheus_text(families);
}

std::string prometheus_text(const PolicyRegistry& registry) {
  return prometheus_text(registry, std::chrono::steady_clock::now());
}

std::string prometheus_text(const BreakerRegistry& registry) {
  return prometheus_text(registry, std::chrono::steady_clock::now());
}

}  // namespace switchgear::telemetry
