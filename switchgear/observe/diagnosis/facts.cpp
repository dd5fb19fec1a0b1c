#include "switchgear/observe/diagnosis/facts.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>

#include "switchgear/observe/figures/flapping.hpp"
#include "switchgear/observe/figures/sums.hpp"

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

/// Failed calls of all, minute by minute, until `now`.
std::vector<ForecastPoint> minutes_until(const CircuitHistory& history, Wall now) {
  std::vector<ForecastPoint> points(forecast_points);
  for (const CircuitSample& each : history.samples) {
    const auto ago = (now - each.from - Duration{1}) / forecast_step;
    if (each.from >= now || ago >= static_cast<std::int64_t>(forecast_points)) continue;
    ForecastPoint& point = points[forecast_points - 1 - static_cast<std::size_t>(ago)];
    double failed = 0;
    for (const std::uint64_t count : each.failures) failed += static_cast<double>(count);
    point.part += failed;
    point.whole += failed + static_cast<double>(each.successes);
  }
  return points;
}

std::optional<Forecast> forecast_of(const CircuitHistory& history, Wall now, const CircuitPresent& present) {
  const std::optional<double>& limit = present.options.failure_rate;
  if (present.breaker.state != State::closed || !limit || *limit >= 1) return std::nullopt;
  return forecast(minutes_until(history, now), *limit, {.step = forecast_step});
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
      figures::changes_in(history.transitions, {span.to - std::chrono::hours{1}, span.to});
  made.failures = failure_shares(history, made.last_opening, present.breaker.last_failure);
  made.forecast = forecast_of(history, span.to, present);
  made.present = std::move(present);
  return made;
}

}  // namespace switchgear
