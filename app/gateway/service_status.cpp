#include "app/gateway/service_status.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "app/gateway/service/service_values.hpp"
#include "switchgear/instances/event_text.hpp"

namespace switchgear::gateway {

namespace {

namespace json = boost::json;

[[nodiscard]] json::object requests(const ServiceCounts& counts) {
  constexpr std::array<const char*, 6> classes{"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
  json::object made;
  for (const std::size_t i : {2U, 3U, 4U, 5U, 0U}) made[classes[i]] = counts.answers[i];
  return made;
}

[[nodiscard]] json::object connections(const WorkerCounts::OfService& counts) {
  return {{"idle", counts.pool.idle},
          {"busy", counts.pool.open - counts.pool.idle},
          {"waiting", counts.pool.waiting},
          {"fresh_attempts", counts.counts.fresh_attempts},
          {"loops", counts.counts.loops}};
}

[[nodiscard]] json::object of(const DurationHistogramSnapshot& seen) {
  json::object made{{"count", seen.count}, {"mean", nullptr}};
  if (seen.count != 0) made["mean"] = to_seconds(seen.sum) / static_cast<double>(seen.count);
  return made;
}

[[nodiscard]] json::object failures(const ServiceCounts& counts) {
  json::object made;
  for (const FailureType type : failure_types)
    made[to_string(type)] = counts.failures[static_cast<std::size_t>(type)];
  return made;
}

[[nodiscard]] json::object of(const Retry& retry) {
  const RetryTotals totals = retry.totals();
  json::object given_up;
  for (const GivenUp reason : given_up_reasons) given_up[to_string(reason)] = totals.given_up_for(reason);
  return {{"max_attempts", retry.options().max_attempts},
          {"retries", totals.retries},
          {"recovered", totals.recovered},
          {"given_up", std::move(given_up)}};
}

[[nodiscard]] json::object of(const RetryBudget& budget, TimePoint now) {
  const RetryBudgetSnapshot seen = budget.snapshot(now);
  return {{"left", seen.left}, {"granted", seen.totals.granted}, {"refused", seen.totals.refused}};
}

[[nodiscard]] json::object of(const Hedge& hedge, const HedgeWins& wins, TimePoint now) {
  const HedgeTotals totals = hedge.totals();
  json::object made{
      {"delay", nullptr}, {"hedges", totals.hedges}, {"refused", totals.refused}, {"wins", wins.count()}};
  if (const auto delay = hedge.delay(now)) made["delay"] = to_seconds(*delay);
  return made;
}

[[nodiscard]] json::object of(const Bulkhead& bulkhead) {
  const BulkheadSnapshot seen = bulkhead.snapshot();
  return {{"in_use", seen.in_use},
          {"max_concurrent", bulkhead.options().max_concurrent},
          {"waiting", seen.waiting},
          {"max_queue", bulkhead.options().max_queue},
          {"admitted", seen.totals.admitted},
          {"rejected", seen.totals.rejected},
          {"timed_out", seen.totals.timed_out},
          {"cancelled", seen.totals.cancelled}};
}

[[nodiscard]] json::object of(const AdaptiveLimit& limit) {
  const AdaptiveLimitSnapshot seen = limit.snapshot();
  return {{"limit", seen.limit},
          {"in_flight", seen.in_flight},
          {"admitted", seen.totals.admitted},
          {"rejected", seen.totals.rejected}};
}

[[nodiscard]] json::object of(const AdmissionControl& admission, TimePoint now) {
  const AdmissionControlSnapshot seen = admission.snapshot(now);
  return {{"rejection_ratio", seen.rejection_share},
          {"successes", seen.successes},
          {"failures", seen.failures},
          {"admitted", seen.totals.admitted},
          {"rejected", seen.totals.rejected}};
}

[[nodiscard]] json::object of(const RateLimiter& limiter, TimePoint now) {
  const RateLimiterSnapshot seen = limiter.snapshot(now);
  return {{"available", seen.available},
          {"backlog", to_seconds(seen.backlog)},
          {"admitted", seen.totals.admitted},
          {"delayed", seen.totals.delayed},
          {"rejected", seen.totals.rejected}};
}

void add_memory(json::object& to, const AnswerMemory& memory) {
  to["entries"] = memory.entries;
  to["max_entries"] = memory.max_entries;
  to["bytes"] = memory.bytes;
  to["max_bytes"] = memory.max_bytes;
  to["evicted"] = memory.evicted;
  to["too_large"] = memory.refused;
}

[[nodiscard]] json::object of(const AnswerCache& cache) {
  const CacheCounters seen = cache.counters();
  json::object made{{"hits", seen.hits}, {"misses", seen.misses}, {"shared", seen.shared}};
  add_memory(made, cache.memory());
  return made;
}

[[nodiscard]] json::object of(const AnswerFallback& fallback) {
  const FallbackCounters seen = fallback.counters();
  json::object made{{"kind", to_string(fallback.kind())},
                    {"answered", seen.answered + seen.queued},
                    {"failed", seen.failed}};
  if (const auto memory = fallback.memory()) add_memory(made, *memory);
  return made;
}

[[nodiscard]] json::object of(const CallQueue& queue, TimePoint now) {
  const CallQueueCounters seen = queue.counters();
  json::object made{{"waiting", seen.waiting},
                    {"oldest", nullptr},
                    {"stored", seen.stored},
                    {"refused", seen.refused},
                    {"replayed", seen.done}};
  if (const auto oldest = queue.oldest(now)) made["oldest"] = to_seconds(*oldest);
  return made;
}

[[nodiscard]] json::object of(const Chaos& chaos) {
  const Chaos::Totals totals = chaos.totals();
  json::object made{{"enabled", chaos.options().enabled}};
  for (std::size_t i = 1; i < Chaos::kinds; ++i) {
    const auto kind = static_cast<Chaos::Injection::Kind>(i);
    made[to_string(kind)] = totals.of(kind);
  }
  return made;
}

[[nodiscard]] json::object of(const UpgradeCounts& upgrades) {
  json::object ended;
  for (const UpgradeEnd end : upgrade_ends) ended[to_string(end)] = upgrades.ended_by(end);
  return {{"open", upgrades.open()},
          {"begun", upgrades.begun},
          {"refused", upgrades.refused},
          {"ended", std::move(ended)}};
}

/// What keeps calls away from an instance, in words; null: nothing does.
[[nodiscard]] json::value why_not(const instances::InstanceSnapshot& instance, bool panic) {
  if (!instance.ejected && !instance.found_bad) return nullptr;
  std::string text;
  if (instance.ejected) text = instances::text_of(instance.finding);
  if (instance.found_bad) text += std::string{text.empty() ? "" : "; "} + "its health check is bad";
  if (panic) text += "; it gets calls all the same, because too few instances are healthy";
  return json::value(text);
}

/// `ejected`: why, and for how many seconds from now; null: it is not.
[[nodiscard]] json::array of(const instances::EjectionSnapshot& seen,
                             const std::map<std::string, std::uint64_t>& ejections, TimePoint now) {
  json::array made;
  for (const instances::InstanceSnapshot& each : seen.instances) {
    json::value ejected = nullptr;
    if (each.ejected) {
      ejected = {{"rule", to_string(each.finding.rule)},
                 {"evidence", instances::text_of(each.finding)},
                 {"for", to_seconds(std::max(each.until - now, Duration::zero()))}};
    }
    json::array reasons;
    if (each.ejected) reasons.emplace_back("ejected");
    if (each.found_bad) reasons.emplace_back("health_check");
    const auto count = ejections.find(each.name);
    made.push_back({{"name", each.name},
                    {"usable", !each.ejected && !each.found_bad},
                    {"reasons", std::move(reasons)},
                    {"why", why_not(each, seen.panic)},
                    {"ejected", std::move(ejected)},
                    {"ejections", count == ejections.end() ? 0 : count->second},
                    {"calls", each.calls},
                    {"failures", each.failures},
                    {"in_flight", each.in_flight}});
  }
  return made;
}

/// Policies that it does not have are left out.
void add_policies(json::object& to, const PolicySet& set, TimePoint now) {
  const GatewayPolicies::Objects& has = set.policies();
  if (has.retry) to["retry"] = of(*has.retry);
  if (has.budget) to["retry_budget"] = of(*has.budget, now);
  if (has.hedge) to["hedge"] = of(*has.hedge, *set.hedge_wins(), now);
  if (has.bulkhead) to["bulkhead"] = of(*has.bulkhead);
  if (has.adaptive_limit) to["adaptive_limit"] = of(*has.adaptive_limit);
  if (has.admission) to["admission"] = of(*has.admission, now);
  if (has.rate_limiter) to["rate_limiter"] = of(*has.rate_limiter, now);
  if (has.cache) to["cache"] = of(*has.cache);
  if (has.fallback) to["fallback"] = of(*has.fallback);
  if (has.queue) to["queue"] = of(*has.queue, now);
  if (has.chaos) to["chaos"] = of(*has.chaos);
}

}  // namespace

boost::json::object service_status(const PolicySet& set, const InstanceSet& instances,
                                   const WorkerCounts::OfService& counts, const ServiceDurations& durations,
                                   TimePoint now) {
  const instances::EjectionSnapshot standing = instances.ejection().snapshot();
  json::object made{{"policy", set.service().policy},
                    {"requests", requests(counts.counts)},
                    {"responses_aborted", counts.counts.responses_aborted},
                    {"calls", {{"success", of(durations.success)}, {"failure", of(durations.failure)}}},
                    {"failures", failures(counts.counts)},
                    {"connections", connections(counts)},
                    {"panic", standing.panic},
                    {"instances", of(standing, instances.ejections(now), now)}};
  if (const UpgradeCounts& seen = counts.counts.upgrades; seen.begun + seen.refused != 0)
    made["upgrades"] = of(seen);
  add_policies(made, set, now);
  if (const auto& values = set.policies().by_value) made["by"] = values_json(*set.service().by, *values, now);
  return made;
}

boost::json::object route_policy_status(const PolicySet& set, TimePoint now) {
  const auto& breaker = set.policies().breaker;
  json::object made{{"circuit", breaker ? json::value(breaker->name()) : json::value(nullptr)}};
  add_policies(made, set, now);
  return made;
}

boost::json::object left_queue_status(const LeftQueue& left, TimePoint now) {
  json::object made = of(*left.queue, now);
  made.emplace("policy", left.route_policy);
  return made;
}

}  // namespace switchgear::gateway
