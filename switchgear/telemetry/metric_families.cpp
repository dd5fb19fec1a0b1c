#include "switchgear/telemetry/metric_families.hpp"

#include <utility>

namespace switchgear::telemetry {

void MetricFamilies::counter(std::string_view name, std::string_view help, Labels labels, double value) {
  add(name, help, MetricKind::counter, {std::move(labels), value});
}

void MetricFamilies::gauge(std::string_view name, std::string_view help, Labels labels, double value) {
  add(name, help, MetricKind::gauge, {std::move(labels), value});
}

void MetricFamilies::histogram(std::string_view name, std::string_view help, Labels labels, Histogram value) {
  add(name, help, MetricKind::histogram, {std::move(labels), std::move(value)});
}

void MetricFamilies::histogram(std::string_view name, std::string_view help, Labels labels,
                               const DurationHistogramSnapshot& value) {
  histogram(name, help, std::move(labels),
            Histogram{{duration_bounds.begin(), duration_bounds.end()},
                      {value.counts.begin(), value.counts.end()},
                      value.count,
                      to_seconds(value.sum)});
}

void MetricFamilies::add(std::string_view name, std::string_view help, MetricKind kind, MetricSample sample) {
  const auto known = places_.find(name);
  if (known != places_.end()) {
    families_[known->second].samples.push_back(std::move(sample));
    return;
  }
  places_.emplace(name, families_.size());
  MetricFamily& made = families_.emplace_back();
  made.name = name;
  made.help = help;
  made.kind = kind;
  made.samples.push_back(std::move(sample));
}

}  // namespace switchgear::telemetry
