#include "switchgear/admin/overview.hpp"

#include <algorithm>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <variant>

#include "switchgear/admin/metrics_json.hpp"
#include "switchgear/admin/report_json.hpp"
#include "switchgear/admin/report_resources.hpp"
#include "switchgear/observe/health.hpp"
#include "switchgear/observe/report/report.hpp"

#ifndef SWITCHGEAR_VERSION
#error "the build defines the version"
#endif

namespace switchgear::admin {
namespace json = boost::json;
namespace {

constexpr Duration default_span = std::chrono::minutes{15};

using Surroundings = CircuitSource::Surroundings;

json::value or_null(const std::optional<double>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

std::optional<double> share(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

json::object pools_json(const Surroundings& all) {
  json::object made;
  for (const auto& [name, around] : all) {
    if (const auto& pool = around.pool) {
      made[name] = json::object{{"active", pool->busy},
                                {"waiting", pool->waiting},
                                {"limit", pool->limit},
                                {"usage", or_null(share(pool->busy, pool->limit))}};
    }
  }
  return made;
}

json::object retries_json(const RetryUse& of) {
  return {{"total", of.retries},
          {"successful", of.recovered},
          {"exhausted", of.exhausted},
          {"success_rate", or_null(share(of.recovered, of.recovered + of.exhausted))}};
}

json::object retries_json(const Surroundings& all) {
  RetryUse sum;
  json::object circuits;
  for (const auto& [name, around] : all) {
    if (const auto& use = around.retries) {
      sum.retries += use->retries;
      sum.recovered += use->recovered;
      sum.exhausted += use->exhausted;
      circuits[name] = retries_json(*use);
    }
  }
  json::object made = retries_json(sum);
  made["circuits"] = std::move(circuits);
  return made;
}

json::object own_json(const ServerCounts& counts) {
  return {{"connections", counts.connections},
          {"closed_for_others", counts.closed_for_others},
          {"events_clients", counts.events_clients},
          {"events_dropped", counts.events_dropped},
          {"requests", counts.requests}};
}

/// Calls of all breakers together, and per second.
json::object sums_json(const json::array& breakers) {
  std::uint64_t calls = 0, failures = 0, refused = 0;
  double calls_now = 0, failures_now = 0, refused_now = 0;
  for (const json::value& each : breakers) {
    const json::object& counters = each.at("counters").as_object();
    const json::object& rates = each.at("rates").as_object();
    calls += counters.at("calls").to_number<std::uint64_t>();
    failures += counters.at("failures").to_number<std::uint64_t>();
    refused += counters.at("rejected").to_number<std::uint64_t>();
    calls_now += rates.at("calls_per_second").to_number<double>();
    failures_now += rates.at("failures_per_second").to_number<double>();
    refused_now += rates.at("rejected_per_second").to_number<double>();
  }
  return {{"calls", calls},
          {"failures", failures},
          {"rejected", refused},
          {"calls_per_second", calls_now},
          {"failures_per_second", failures_now},
          {"rejected_per_second", refused_now}};
}

}  // namespace

json::object count_by_state(const std::vector<Standing>& seen) {
  json::object count;
  for (const State state : states)
    count[to_string(state)] = std::ranges::count(seen, state, &Standing::state);
  return count;
}

Health health_of(const std::vector<Standing>& seen) {
  std::vector<State> effective;
  for (const Standing& each : seen) effective.push_back(each.effective);
  return switchgear::health_of(effective);
}

std::uint64_t held_by_fleet(const std::vector<Standing>& seen) {
  return static_cast<std::uint64_t>(std::ranges::count(seen, true, &Standing::fleet_open));
}

std::vector<Standing> Overview::standings(TimePoint now) const {
  std::vector<Standing> seen;
  for (const auto& breaker : views_.registry().all()) {
    const BreakerSnapshot each = breaker->snapshot(now);
    seen.push_back({each.state, effective_state(each), each.advised});
  }
  return seen;
}

std::string_view Overview::health(TimePoint now) const { return to_string(health_of(standings(now))); }

std::string Overview::wall_text(TimePoint at) const {
  return iso8601(views_.registry().anchor().to_wall(at));
}

json::object Overview::snapshot(TimePoint now) const {
  json::array all;
  for (const auto& breaker : views_.registry().all()) all.push_back(views_.of(*breaker, now));
  return {{"at", wall_text(now)}, {"health", health(now)}, {"circuit_breakers", std::move(all)}};
}

/// With what the figures recommend.
json::array Overview::breakers(const Conditions& conditions, TimePoint now) const {
  json::array all;
  for (const auto& breaker : views_.registry().all()) {
    json::object made = views_.of(*breaker, now);
    if (const auto found = conditions.find(breaker->name()); found != conditions.end()) {
      const auto& recommendation = found->second.recommendation;
      made["recommendation"] = recommendation ? json::value(*recommendation) : json::value(nullptr);
    }
    all.push_back(std::move(made));
  }
  return all;
}

json::object Overview::system_health(const Conditions& conditions, TimePoint now) const {
  const std::vector<Standing> seen = standings(now);
  json::object made{
      {"status", to_string(health_of(seen))},     {"ready", !program_.ready || program_.ready()},
      {"circuit_breakers", count_by_state(seen)}, {"fleet_open", held_by_fleet(seen)},
      {"lowest_health_score", nullptr},           {"lowest", nullptr}};
  const auto lowest = std::ranges::min_element(
      conditions, {}, [](const auto& each) { return each.second.figures.health_score; });
  if (lowest != conditions.end()) {
    made["lowest_health_score"] = lowest->second.figures.health_score;
    made["lowest"] = lowest->first;
  }
  return made;
}

json::object Overview::status(const ServerCounts& counts, TimePoint now) const {
  const Conditions conditions = circuits_.conditions(now);
  const Surroundings around = circuits_.surroundings();
  json::object made{{"at", wall_text(now)},
                    {"health", health(now)},
                    {"circuit_breakers", breakers(conditions, now)},
                    {"system_health", system_health(conditions, now)},
                    {"connection_pools", pools_json(around)},
                    {"retry_statistics", retries_json(around)},
                    {"ready", !program_.ready || program_.ready()},
                    {"version", SWITCHGEAR_VERSION},
                    {"uptime", to_seconds(saturating_sub(now, started_))}};
  json::object policies;
  if (program_.policies) {
    for (const auto& [circuit, policy] : program_.policies()) policies[circuit] = policy;
  }
  made["policies"] = std::move(policies);
  if (program_.services) made["services"] = program_.services();
  if (program_.status) {
    for (auto& [key, value] : program_.status()) made[key] = std::move(value);
  }
  made["admin"] = own_json(counts);
  telemetry::MetricFamilies further;
  if (program_.metrics) program_.metrics(further);
  made["metrics"] = metrics_json(further);
  return made;
}

json::object Overview::graphs(const Conditions& conditions, Duration since, TimePoint now) const {
  std::vector<std::pair<int, const std::string*>> order;
  for (const auto& [name, condition] : conditions) order.emplace_back(condition.figures.health_score, &name);
  std::ranges::stable_sort(order, {}, [](const auto& each) { return each.first; });
  json::object made;
  for (const auto& [score, name] : std::span{order}.first(std::min(order.size(), most_graphs))) {
    const auto seen = circuits_.see(*name, since, now);
    if (seen) made[*name] = course_json(course_of(seen->history.samples, seen->span));
  }
  return made;
}

json::object Overview::dashboard_data(Duration since, TimePoint now) const {
  const Conditions conditions = circuits_.conditions(now);
  json::object summary = system_health(conditions, now);
  json::array all = breakers(conditions, now);
  summary["sums"] = sums_json(all);
  return {{"timestamp", wall_text(now)},
          {"summary", std::move(summary)},
          {"breakers", std::move(all)},
          {"alerts", program_.alerts ? program_.alerts() : json::array{}},
          {"graphs", graphs(conditions, since, now)}};
}

AddedResource dashboard_data_resource(const Overview& overview, std::function<TimePoint()> clock) {
  return {.method = Method::get,
          .path = "/dashboard-data",
          .parameters = {"since"},
          .handle = [&overview, clock = std::move(clock)](const ResourceRequest& request) -> ResourceAnswer {
            const auto since = since_of(request, default_span);
            if (const auto* problem = std::get_if<Problem>(&since)) return *problem;
            return Json{overview.dashboard_data(std::get<Duration>(since), clock())};
          }};
}

}  // namespace switchgear::admin
