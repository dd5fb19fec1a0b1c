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

constexpr std::chrono::seconds short_gap{1};          // between samples of one process
constexpr std::chrono::seconds not_yet_recorded{60};  // of the time before now

/// The states of a circuit one after the other. Between two stretches that do not touch nothing was recorded.
class Stretches {
 public:
  /// It was in `state` at `at`, and what was before does not go on.
  void begin(State state, Wall at) { all_.push_back({state, {at, at}}); }
  void go_on(Wall until) { all_.back().span.to = std::max(all_.back().span.to, until); }
  void change(State state, Wall at) {
    go_on(at);
    begin(state, all_.back().span.to);
  }
  [[nodiscard]] bool touches(Wall at) const { return !all_.empty() && at <= all_.back().span.to + short_gap; }
  [[nodiscard]] State state() const { return all_.back().state; }
  [[nodiscard]] Wall end() const { return all_.back().span.to; }
  [[nodiscard]] std::vector<StateStretch> all() && { return std::move(all_); }

 private:
  std::vector<StateStretch> all_;
};

/// A process that ends says nothing of the states that its breakers leave: after a gap it is a sample that
/// tells.
std::vector<StateStretch> states_of(const CircuitHistory& history, State present, const Span& span) {
  Stretches states;
  const auto& transitions = history.transitions;
  auto next = transitions.begin();
  const auto changes_before = [&](Wall end) { return next != transitions.end() && next->wall < end; };
  for (const CircuitSample& each : history.samples) {
    const Wall end = figures::end_of(each);
    if (!states.touches(each.from)) {
      while (changes_before(each.from)) ++next;
      states.begin(changes_before(end) ? next->from : each.state, each.from);
    } else if (!changes_before(end) && states.state() != each.state) {
      states.change(each.state, each.from);
    }
    for (; changes_before(end); ++next) states.change(next->to, next->wall);
    states.go_on(end);
  }
  if (history.samples.empty()) states.begin(next != transitions.end() ? next->from : present, span.from);
  if (history.samples.empty() || states.end() + not_yet_recorded >= span.to) {
    for (; changes_before(span.to); ++next) states.change(next->to, next->wall);
    states.go_on(span.to);
  }
  return std::move(states).all();
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

namespace {

std::optional<LevelsOfSpan> levels_of(const CircuitHistory& history, const Span& span) {
  const std::optional<BreakerLevel> first = history.level_at(span.from);
  if (!first) return std::nullopt;
  LevelsOfSpan all;
  all.last = *first;
  Wall since = span.from;
  const auto until = [&](Wall at) {
    if (all.last == BreakerLevel::critical) all.at_critical += at - since;
    if (all.last == BreakerLevel::emergency) all.at_emergency += at - since;
    since = at;
  };
  for (const PastLevel& each : history.levels) {
    until(std::max(since, each.wall));
    all.last = each.change.to;
    ++(each.change.to > each.change.from ? all.escalations : all.descents);
  }
  until(std::max(since, span.to));
  return all;
}

}  // namespace

Report make_report(const CircuitHistory& history, const Span& span, CircuitPresent present, PastFrom past) {
  Report report;
  report.span = span;
  report.totals = figures::sum_of(history.samples);
  report.course = course_of(history.samples, span);
  report.states = states_of(history, present.breaker.state, span);
  report.transitions = history.transitions;
  report.levels = levels_of(history, span);
  report.diagnosis = diagnose(history, span, std::move(present), past);
  return report;
}

}  // namespace switchgear
