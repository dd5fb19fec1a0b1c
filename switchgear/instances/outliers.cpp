#include "switchgear/instances/outliers.hpp"

#include <algorithm>
#include <cmath>

namespace switchgear::instances {

namespace {

using Intervals = std::vector<EndRate::Interval>;

/// Indices of the intervals with enough calls; none if there are too few of them.
std::vector<std::size_t> judged(const Intervals& intervals, std::uint32_t volume,
                                std::uint32_t minimum_hosts) {
  std::vector<std::size_t> enough;
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    if (intervals[i].calls >= volume) enough.push_back(i);
  }
  if (enough.size() < minimum_hosts) enough.clear();
  return enough;
}

double below_mean(const Intervals& intervals, const std::vector<std::size_t>& of, double stdev) {
  const auto n = static_cast<double>(of.size());
  double sum = 0;
  for (const std::size_t i : of) sum += intervals[i].success_rate();
  const double mean = sum / n;
  double squares = 0;
  for (const std::size_t i : of) {
    const double off = intervals[i].success_rate() - mean;
    squares += off * off;
  }
  return mean - stdev * std::sqrt(squares / n);
}

}  // namespace

std::vector<Outlier> outliers(const Intervals& intervals, const SuccessRateRule& rule) {
  const std::vector<std::size_t> of = judged(intervals, rule.volume, rule.minimum_hosts);
  std::vector<Outlier> found;
  if (of.empty()) return found;
  const double threshold = below_mean(intervals, of, rule.stdev);
  for (const std::size_t i : of) {
    const double rate = intervals[i].success_rate();
    // Equal rates have a deviation of 0, and a mean that rounding may place just above them.
    if (rate < threshold - 1e-12) found.push_back({i, rate, threshold});
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Outlier& a, const Outlier& b) { return a.value < b.value; });
  return found;
}

std::vector<Outlier> outliers(const Intervals& intervals, const FailurePercentageRule& rule) {
  std::vector<Outlier> found;
  for (const std::size_t i : judged(intervals, rule.volume, rule.minimum_hosts)) {
    const EndRate::Interval& of = intervals[i];
    const double failed = static_cast<double>(of.calls - of.successes) / static_cast<double>(of.calls);
    if (failed >= rule.threshold) found.push_back({i, failed, rule.threshold});
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Outlier& a, const Outlier& b) { return a.value > b.value; });
  return found;
}

}  // namespace switchgear::instances
