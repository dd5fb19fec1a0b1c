#include "switchgear/observe/report/report.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

#include "switchgear/observe/figures/sums.hpp"

namespace switchgear {

namespace {

using figures::Span;
using figures::Wall;

std::optional<Duration> value_of(const std::optional<figures::Quantile>& quantile) {
  return quantile ? std::optional{quantile->value} : std::nullopt;
}

ReportPoint point_of(std::span<const CircuitSample> samples) {
  const CircuitSample sum = figures::sum_of(samples);
  const double seconds = std::max(static_cast<double>(sum.length.count()), 1.0);
  const figures::Buckets took = figures::added(sum.successes_took, sum.failures_took);
  ReportPoint point;
  point.from = sum.from;
  point.length = Span{sum.from, figures::end_of(samples.back())}.length();
  point.successes = static_cast<double>(sum.successes) / seconds;
  point.failures = static_cast<double>(figures::failures_in(sum)) / seconds;
  point.refused = static_cast<double>(sum.rejected) / seconds;
  point.p50 = value_of(figures::quantile(took, 0.5));
  point.p95 = value_of(figures::quantile(took, 0.95));
  point.p99 = value_of(figures::quantile(took, 0.99));
  return point;
}

std::vector<StateStretch> states_of(std::span<const LoggedTransition> transitions, State present,
                                    const Span& span) {
  std::vector<StateStretch> states;
  const State first = transitions.empty() ? present : transitions.front().from;
  states.push_back({first, span});
  for (const LoggedTransition& each : transitions) {
    const Wall at = std::clamp(each.wall, states.back().span.from, span.to);
    states.back().span.to = at;
    states.push_back({each.to, {at, span.to}});
  }
  return states;
}

}  // namespace

std::vector<ReportPoint> course_of(std::span<const CircuitSample> samples, const Span& span) {
  std::vector<ReportPoint> course;
  if (samples.empty()) return course;
  // Of a history that is younger than the span, the points are as close as it allows.
  const Span recorded{std::max(span.from, samples.front().from), span.to};
  const Duration width = recorded.length() / static_cast<Duration::rep>(most_report_points) + Duration{1};
  for (std::size_t first = 0; first < samples.size();) {
    const Wall end = samples[first].from + width;
    std::size_t next = first + 1;
    while (next < samples.size() && samples[next].from < end) ++next;
    course.push_back(point_of(samples.subspan(first, next - first)));
    first = next;
  }
  return course;
}

Report make_report(const CircuitHistory& history, const Span& span, CircuitPresent present, PastFrom past) {
  Report report;
  report.span = span;
  report.totals = figures::sum_of(history.samples);
  report.course = course_of(history.samples, span);
  report.states = states_of(history.transitions, present.breaker.state, span);
  report.transitions = history.transitions;
  report.diagnosis = diagnose(history, span, std::move(present), past);
  return report;
}

}  // namespace switchgear
