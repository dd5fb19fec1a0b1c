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
  family_of(name, help, kind).samples.push_back(std::move(sample));
}

/// Each circuit adds to the same families in the same order: mostly to the one of before, or the next one.
MetricFamily& MetricFamilies::family_of(std::string_view name, std::string_view help, MetricKind kind) {
  for (const std::size_t likely : {last_, last_ + 1}) {
    if (likely < families_.size() && families_[likely].name == name) return families_[last_ = likely];
  }
  if (const auto known = places_.find(name); known != places_.end()) return families_[last_ = known->second];
  last_ = families_.size();
  places_.emplace(name, last_);
  MetricFamily& made = families_.emplace_back();
  made.name = name;
  made.help = help;
  made.kind = kind;
  return made;
}

}  // namespace switchgear::telemetry
