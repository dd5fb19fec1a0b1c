#include "switchgear/admin/breaker_view.hpp"

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <cstdio>
#include <optional>
#include <utility>
#include <variant>

#include "switchgear/observe/figures/health_score.hpp"

namespace switchgear::admin {
namespace json = boost::json;
namespace {

json::value seconds(std::optional<Duration> length) {
  return length ? json::value(to_seconds(*length)) : json::value(nullptr);
}

template <class T>
json::value or_null(const std::optional<T>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

json::object window_json(const WindowSnapshot& window) {
  return {{"calls", window.calls},
          {"failures", window.failures},
          {"slow", window.slow},
          {"failure_rate", window.failure_rate()},
          {"weighted_failure_rate", window.weighted_failure_rate()},
          {"slow_call_rate", window.slow_rate()},
          {"consecutive_failures", window.consecutive_failures}};
}

json::value last_failure_json(const std::optional<LastFailure>& failure, const WallAnchor& anchor) {
  if (!failure) return nullptr;
  return json::object{{"type", to_string(failure->type)}, {"at", iso8601(anchor.to_wall(failure->at))}};
}

json::object tags_json(const Tags& tags) {
  json::object made;
  for (const auto& [key, value] : tags) made[key] = value;
  return made;
}

json::object window_options_json(const WindowOptions& window) {
  if (const auto* count = std::get_if<CountWindowOptions>(&window))
    return {{"type", "count"}, {"size", count->size}};
  const auto& time = std::get<TimeWindowOptions>(window);
  return {{"type", "time"}, {"duration", to_seconds(time.duration)}, {"buckets", time.buckets}};
}

}  // namespace

std::string iso8601(WallAnchor::Wall at) {
  using namespace std::chrono;
  const auto instant = floor<milliseconds>(at);
  const auto day = floor<days>(instant);
  const year_month_day date{day};
  const hh_mm_ss time{instant - day};
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
                static_cast<int>(time.subseconds().count()));
  return text.data();
}

json::object transition_json(const LoggedTransition& transition, const WallAnchor& anchor) {
  return {{"from", to_string(transition.from)},
          {"to", to_string(transition.to)},
          {"at", iso8601(transition.wall)},
          {"generation", transition.generation},
          {"rule", to_string(transition.rule)},
          {"value", transition.value},
          {"threshold", transition.threshold},
          {"window", window_json(transition.window)},
          {"last_failure", last_failure_json(transition.last_failure, anchor)}};
}

json::object level_change_json(const LevelChange& change, const WallAnchor& anchor) {
  json::object made{{"from", to_string(change.from)},
                    {"to", to_string(change.to)},
                    {"cause", to_string(change.cause)},
                    {"at", iso8601(anchor.to_wall(change.at))},
                    {"calls", change.calls},
                    {"failed", change.failed},
                    {"failure_rate", nullptr},
                    {"escalate_above", nullptr},
                    {"text", level_text(change)}};
  if (change.cause == LevelCause::escalated) {
    made["failure_rate"] = change.failure_rate();
    made["escalate_above"] = change.escalate_above;
  }
  return made;
}

namespace {

json::object in_force_json(const CircuitBreakerOptions& all, BreakerLevel level) {
  const CircuitBreakerOptions options = all.at(level);
  json::object made{{"minimum_calls", options.minimum_calls},
                    {"failure_rate", or_null(options.failure_rate)},
                    {"failure_rate_confidence", or_null(options.failure_rate_confidence)},
                    {"slow_call", nullptr},
                    {"latency", nullptr},
                    {"consecutive_failures", or_null(options.consecutive_failures)},
                    {"failure_balance", or_null(options.failure_balance)},
                    {"open_duration", to_seconds(options.open_duration)},
                    {"calm", to_seconds(all.calm_at(level))}};
  if (const auto& rule = options.slow_call)
    made["slow_call"] = json::object{{"threshold", to_seconds(rule->threshold)}, {"rate", rule->rate}};
  if (const auto& rule = options.latency)
    made["latency"] = json::object{{"quantile", rule->quantile}, {"above", to_seconds(rule->above)}};
  return made;
}

json::value level_json(const CircuitBreaker& breaker, const std::optional<LevelFigures>& seen,
                       const WallAnchor& anchor) {
  if (!seen) return nullptr;
  json::value down = nullptr;
  if (seen->comes_down) down = iso8601(anchor.to_wall(*seen->comes_down));
  json::value last = nullptr;
  if (seen->last_change) last = level_change_json(*seen->last_change, anchor);
  return json::object{{"name", to_string(seen->level)},
                      {"service", service_at(seen->level)},
                      {"since", iso8601(anchor.to_wall(seen->since))},
                      {"comes_down", std::move(down)},
                      {"escalations", seen->escalations},
                      {"descents", seen->descents},
                      {"last_change", std::move(last)},
                      {"in_force", in_force_json(breaker.options(), seen->level)}};
}

json::object levels_json(const CircuitBreakerOptions& options) {
  json::object made;
  for (const BreakerLevel level : breaker_levels) made[to_string(level)] = in_force_json(options, level);
  made["escalate_above"] = options.levels->escalate_above;
  return made;
}

}  // namespace

json::object adaptive_json(const AdaptiveOptions& options) {
  const AdaptiveFailures& failures = options.failures;
  const AdaptiveOpening& opening = options.opening;
  return {{"samples", options.samples},
          {"failures", json::object{{"strict_above", failures.strict_above},
                                    {"lax_below", failures.lax_below},
                                    {"step", failures.step},
                                    {"least", failures.least},
                                    {"most", failures.most}}},
          {"opening", json::object{{"long_above", to_seconds(opening.long_above)},
                                   {"short_below", to_seconds(opening.short_below)},
                                   {"lengthen", opening.lengthen},
                                   {"longest", to_seconds(opening.longest)},
                                   {"shorten", opening.shorten},
                                   {"shortest", to_seconds(opening.shortest)}}}};
}

json::object ramp_options_json(const RampOptions& options) {
  json::object made{
      {"duration", to_seconds(options.duration)}, {"from", options.from}, {"controller", nullptr}};
  if (const auto& controller = options.controller) {
    made["controller"] = json::object{{"step", to_seconds(options.step())},
                                      {"minimum", controller->minimum},
                                      {"max_failure_rate", controller->max_failure_rate},
                                      {"growth", controller->growth}};
  }
  return made;
}

json::object options_json(const CircuitBreakerOptions& options) {
  json::object made{
      {"window", window_options_json(options.window)},
      {"minimum_calls", options.minimum_calls},
      {"failure_rate", or_null(options.failure_rate)},
      {"failure_rate_confidence", or_null(options.failure_rate_confidence)},
      {"weights", nullptr},
      {"slow_call", nullptr},
      {"latency", nullptr},
      {"consecutive_failures", or_null(options.consecutive_failures)},
      {"failure_balance", or_null(options.failure_balance)},
      {"stuck_calls", nullptr},
      {"open_duration", to_seconds(options.open_duration)},
      {"backoff", options.backoff},
      {"max_open_duration", to_seconds(options.max_open_duration)},
      {"jitter", options.jitter},
      {"honor_retry_after", options.honor_retry_after},
      {"probe_automatically", options.probe_automatically},
      {"half_open", json::object{{"permitted_calls", options.half_open.permitted_calls},
                                 {"success_threshold", options.success_threshold()},
                                 {"max_concurrent", options.max_concurrent()},
                                 {"max_failure_rate", options.half_open.max_failure_rate},
                                 {"probe_interval", to_seconds(options.half_open.probe_interval)},
                                 {"max_wait", to_seconds(options.half_open.max_wait)}}},
      {"ramp", nullptr},
      {"adaptive", nullptr},
      {"levels", nullptr}};
  if (!options.needs_window()) made["window"] = nullptr;
  if (options.weights.any()) {
    json::object weights;
    for (const FailureType type : failure_types) weights[to_string(type)] = options.weights[type];
    made["weights"] = std::move(weights);
  }
  if (const auto& rule = options.slow_call) {
    made["slow_call"] = json::object{{"threshold", to_seconds(rule->threshold)}, {"rate", rule->rate}};
  }
  if (const auto& rule = options.latency) {
    made["latency"] = json::object{{"quantile", rule->quantile}, {"above", to_seconds(rule->above)}};
  }
  if (const auto& rule = options.stuck_calls) {
    made["stuck_calls"] = json::object{{"older_than", to_seconds(rule->older_than)}, {"count", rule->count}};
  }
  if (const auto& ramp = options.ramp) {
    made["ramp"] = ramp_options_json(*ramp);
  }
  if (const auto& adaptive = options.adaptive) made["adaptive"] = adaptive_json(*adaptive);
  if (options.levels) made["levels"] = levels_json(options);
  return made;
}

json::object totals_json(const CallTotals& totals) {
  json::object failures;
  for (const FailureType type : failure_types) {
    failures[to_string(type)] = totals.failures_by_type[static_cast<std::size_t>(type)];
  }
  json::object rejections;
  for (const Reason reason : breaker_rejection_reasons) {
    rejections[to_string(reason)] = totals.rejected_by_reason[static_cast<std::size_t>(reason)];
  }
  return {{"calls", totals.calls},
          {"successes", totals.successes},
          {"failures", totals.failures},
          {"failures_by_type", std::move(failures)},
          {"slow", totals.slow()},
          {"ignored", totals.ignored},
          {"rejected", totals.rejected},
          {"rejected_by_reason", std::move(rejections)},
          {"would_reject", totals.would_reject},
          {"late", totals.late},
          {"opened", totals.opened},
          {"closed", totals.closed},
          {"half_opened", totals.half_opened}};
}

BreakerViews::BreakerViews(const BreakerRegistry& registry, const TransitionLog& transitions)
    : registry_(registry), transitions_(transitions) {}

void BreakerViews::sample(TimePoint now) {
  auto meter = meters_.begin();
  for (const auto& breaker : registry_.all()) {  // both in the order of the names
    while (meter != meters_.end() && meter->first < breaker->name()) meter = meters_.erase(meter);
    if (meter == meters_.end() || meter->first != breaker->name())
      meter = meters_.try_emplace(meter, breaker->name());
    const CallTotals totals = breaker->snapshot(now).totals;
    meter->second.sample({totals.calls, totals.failures, totals.rejected}, now);
    ++meter;
  }
  meters_.erase(meter, meters_.end());
}

BreakerLook BreakerViews::look(const CircuitBreaker& breaker, TimePoint now) const {
  const auto meter = meters_.find(breaker.name());
  return {breaker.snapshot(now), meter == meters_.end() ? CallRates{} : meter->second.rates(),
          registry_.tags(breaker.name())};
}

json::object BreakerViews::of(const CircuitBreaker& breaker, TimePoint now) const {
  return of(breaker, look(breaker, now));
}

json::object BreakerViews::of(const CircuitBreaker& breaker, const BreakerLook& look) const {
  const auto& [seen, rates, tags] = look;
  const auto last = transitions_.last(breaker.name());
  const std::size_t opened = transitions_.openings(breaker.name(), figures::scored_transitions);
  json::value half_open = nullptr;
  if (seen.state == State::half_open) {
    half_open = json::object{{"permitted", seen.half_open.permitted},
                             {"in_flight", seen.half_open.in_flight},
                             {"recorded", seen.half_open.recorded},
                             {"failed", seen.half_open.failed}};
  }
  return {{"name", breaker.name()},
          {"state", to_string(seen.state)},
          {"mode", seen.metrics_only ? "metrics_only" : "normal"},
          {"ramping", seen.ramping},
          {"fleet_open", seen.advised},
          {"health_score", figures::health_score(effective_state(seen), seen.window, opened)},
          {"generation", seen.generation},
          {"since", iso8601(registry_.anchor().to_wall(seen.since))},
          {"retry_after", seconds(seen.retry_after)},
          {"relapses", seen.relapses},
          {"time_open", to_seconds(seen.time_open)},
          {"tags", tags_json(tags)},
          {"counters", totals_json(seen.totals)},
          {"window", window_json(seen.window)},
          {"half_open", std::move(half_open)},
          {"adapted", seen.adapted ? json::value(adapted_json(*seen.adapted)) : json::value(nullptr)},
          {"ramp", seen.ramp ? json::value(ramp_json(*seen.ramp)) : json::value(nullptr)},
          {"level", level_json(breaker, seen.level, registry_.anchor())},
          {"rates", json::object{{"calls_per_second", rates.calls},
                                 {"failures_per_second", rates.failures},
                                 {"rejected_per_second", rates.rejected}}},
          {"last_failure", last_failure_json(seen.last_failure, registry_.anchor())},
          {"last_transition",
           last ? json::value(transition_json(*last, registry_.anchor())) : json::value(nullptr)},
          {"policy", options_json(breaker.options())}};
}

}  // namespace switchgear::admin
