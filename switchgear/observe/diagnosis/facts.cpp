#include "switchgear/observe/diagnosis/facts.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>

#include "switchgear/observe/figures/flapping.hpp"
#include "switchgear/observe/figures/sums.hpp"
#include "switchgear/observe/load_forecast.hpp"

namespace switchgear {

namespace {

using figures::Wall;

constexpr std::chrono::minutes together_within{1};

/// Of the samples within a minute before the opening; of all of them without an opening. What is known
/// without samples is the type of the last failure.
std::vector<FailureShare> failure_shares(const CircuitHistory& history,
                                         const std::optional<figures::Opening>& opening,
                                         const std::optional<LastFailure>& last_failure) {
  std::array<std::uint64_t, failure_types.size()> counts{};
  for (const CircuitSample& each : history.samples) {
    const bool near = !opening || (each.from <= opening->why.wall &&
                                   figures::end_of(each) > opening->why.wall - together_within);
    for (std::size_t i = 0; near && i < counts.size(); ++i) counts[i] += each.failures[i];
  }
  std::uint64_t all = 0;
  for (const std::uint64_t count : counts) all += count;
  std::vector<FailureShare> shares;
  for (const FailureType type : failure_types) {
    const std::uint64_t count = counts[static_cast<std::size_t>(type)];
    if (count > 0) shares.push_back({type, static_cast<double>(count) / static_cast<double>(all)});
  }
  std::ranges::stable_sort(shares, std::ranges::greater{}, &FailureShare::share);
  if (shares.empty() && opening && opening->why.last_failure) {
    shares.push_back({opening->why.last_failure->type, 1});
  } else if (shares.empty() && last_failure) {
    shares.push_back({last_failure->type, 1});
  }
  return shares;
}

constexpr std::chrono::minutes forecast_step{1};
constexpr std::size_t forecast_points = 240;

/// Adds up the samples of each minute until `now`.
template <class Point>
std::vector<Point> minutes_until(const CircuitHistory& history, Wall now,
                                 void (*add)(Point& point, const CircuitSample& sample)) {
  std::vector<Point> points(forecast_points);
  for (const CircuitSample& each : history.samples) {
    const auto ago = (now - each.from - Duration{1}) / forecast_step;
    if (each.from >= now || ago >= static_cast<std::int64_t>(forecast_points)) continue;
    add(points[forecast_points - 1 - static_cast<std::size_t>(ago)], each);
  }
  return points;
}

double failed_calls(const CircuitSample& sample) {
  double failed = 0;
  for (const std::uint64_t count : sample.failures) failed += static_cast<double>(count);
  return failed;
}

void add_failures(ForecastPoint& point, const CircuitSample& sample) {
  const double failed = failed_calls(sample);
  point.part += failed;
  point.whole += failed + static_cast<double>(sample.successes);
}

void add_durations(LoadPoint& point, const CircuitSample& sample) {
  point.calls += failed_calls(sample) + static_cast<double>(sample.successes);
  point.took += sample.success_time + sample.failure_time;
}

std::optional<Forecast> forecast_of(const CircuitHistory& history, Wall now, const CircuitPresent& present) {
  const std::optional<double>& limit = present.options.failure_rate;
  if (present.breaker.state != State::closed || !limit || *limit >= 1) return std::nullopt;
  return forecast(minutes_until(history, now, add_failures), *limit, {.step = forecast_step});
}

std::optional<Forecast> load_forecast_of(const CircuitHistory& history, Wall now,
                                         const CircuitPresent& present) {
  const std::optional<std::uint64_t>& slots = present.around.bulkhead;
  if (present.breaker.state != State::closed || !slots || *slots == 0) return std::nullopt;
  return forecast_load(minutes_until(history, now, add_durations), *slots, {.step = forecast_step});
}

std::vector<std::string> opened_together(const std::vector<OtherOpening>& others, Wall at) {
  std::vector<std::string> names;
  for (const OtherOpening& each : others) {
    if (each.at >= at - together_within && each.at <= at + together_within) names.push_back(each.circuit);
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace

Facts facts_of(const CircuitHistory& history, const figures::Span& span, CircuitPresent present) {
  Facts made;
  made.span = span;
  made.figures = figures_of(history, span, for_figures(present));
  const auto& opened = made.figures.opened;
  if (!opened.empty()) {
    made.first_opened = opened.front().why.wall;
    made.last_opening = opened.back();
    made.onset = onset_of(opened.back(), history.samples);
    made.together = opened_together(present.others, opened.back().why.wall);
  }
  const Wall day_ago = span.to - std::chrono::hours{24};
  made.openings_today = static_cast<std::uint64_t>(
      std::ranges::count_if(opened, [&](const auto& each) { return each.why.wall > day_ago; }));
  made.changes_last_hour =
      figures::own_changes_in(history.transitions, {span.to - std::chrono::hours{1}, span.to});
  made.failures = failure_shares(history, made.last_opening, present.breaker.last_failure);
  made.forecast = forecast_of(history, span.to, present);
  made.load = load_forecast_of(history, span.to, present);
  made.present = std::move(present);
  return made;
}

}  // namespace switchgear
