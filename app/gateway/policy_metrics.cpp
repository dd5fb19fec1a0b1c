#include "app/gateway/policy_metrics.hpp"

#include <string_view>

#include "app/gateway/metric_family.hpp"

namespace switchgear::gateway {

namespace {

using prometheus::MetricType;

/// The families, found by name so that each policy's metrics are written in one place.
class Families {
 public:
  Families(std::string service, std::map<std::string, prometheus::MetricFamily>& all)
      : service_(std::move(service)), all_(all) {}

  void counter(const char* name, const char* help, std::uint64_t value, MetricLabels more = {}) {
    put(name, help, MetricType::Counter, static_cast<double>(value), std::move(more));
  }
  void gauge(const char* name, const char* help, double value) {
    put(name, help, MetricType::Gauge, value, {});
  }

 private:
  void put(const char* name, const char* help, MetricType type, double value, MetricLabels more) {
    auto found = all_.find(name);
    if (found == all_.end()) found = all_.emplace(name, family(name, help, type)).first;
    MetricLabels labels{{"service", service_}};
    labels.insert(labels.end(), more.begin(), more.end());
    add(found->second, std::move(labels), value);
  }

  std::string service_;
  std::map<std::string, prometheus::MetricFamily>& all_;
};

void write(Families& to, const Retry& retry) {
  const RetryTotals totals = retry.totals();
  to.counter("switchgear_retries_total", "Attempts made after a failed one.", totals.retries);
  for (const GivenUp reason : given_up_reasons)
    to.counter("switchgear_retries_given_up_total", "Failed calls that were not tried again, by the reason.",
               totals.given_up_for(reason), {{"reason", std::string{to_string(reason)}}});
}

void write(Families& to, const RetryBudget& budget, TimePoint now) {
  const RetryBudgetSnapshot seen = budget.snapshot(now);
  to.gauge("switchgear_retry_budget_left", "Retries and hedges that would be granted now.",
           static_cast<double>(seen.left));
  to.counter("switchgear_retry_budget_exhausted_total", "Retries and hedges that the budget refused.",
             seen.totals.refused);
}

void write(Families& to, const Hedge& hedge, const HedgeWins& wins) {
  const HedgeTotals totals = hedge.totals();
  to.counter("switchgear_hedges_total", "Attempts sent beside a slow one.", totals.hedges);
  to.counter("switchgear_hedges_refused_total", "Hedges that the retry budget refused.", totals.refused);
  to.counter("switchgear_hedge_wins_total", "Hedges whose answer came first.", wins.count());
}

void write(Families& to, const Bulkhead& bulkhead) {
  const BulkheadSnapshot seen = bulkhead.snapshot();
  to.gauge("switchgear_bulkhead_in_use", "Calls that run now.", seen.in_use);
  to.gauge("switchgear_bulkhead_waiting", "Calls that wait for a slot now.", seen.waiting);
  const auto rejected = [&](Reason reason, std::uint64_t count) {
    to.counter("switchgear_bulkhead_rejected_total", "Calls that got no slot, by the reason.", count,
               {{"reason", std::string{to_string(reason)}}});
  };
  rejected(Reason::bulkhead_full, seen.totals.rejected);
  rejected(Reason::queue_timeout, seen.totals.timed_out);
  rejected(Reason::cancelled, seen.totals.cancelled);
}

void write(Families& to, const AdaptiveLimit& limit) {
  const AdaptiveLimitSnapshot seen = limit.snapshot();
  to.gauge("switchgear_adaptive_limit", "Calls that may run at once, as worked out last.", seen.limit);
  to.gauge("switchgear_adaptive_limit_in_flight", "Calls that run now.", seen.in_flight);
  to.counter("switchgear_adaptive_limit_rejected_total", "Calls above the limit.", seen.totals.rejected);
}

void write(Families& to, const RateLimiter& limiter, TimePoint now) {
  const RateLimiterSnapshot seen = limiter.snapshot(now);
  const auto calls = [&](const char* result, std::uint64_t count) {
    to.counter("switchgear_rate_limiter_calls_total", "Calls that requested a token.", count,
               {{"result", result}});
  };
  calls("admitted", seen.totals.admitted);
  calls("rejected", seen.totals.rejected);
  to.counter("switchgear_rate_limiter_delayed_total", "Admitted calls that had to wait for their token.",
             seen.totals.delayed);
}

void write(Families& to, const AnswerCache& cache) {
  const CacheCounters seen = cache.counters();
  to.counter("switchgear_cache_hits_total", "Answers from memory.", seen.hits);
  to.counter("switchgear_cache_misses_total", "Calls made because nothing was remembered.", seen.misses);
  to.counter("switchgear_cache_shared_total", "Answers of a call that was made for another client.",
             seen.shared);
  const AnswerMemory memory = cache.memory();
  to.counter("switchgear_cache_evicted_total", "Answers that made way for newer ones.", memory.evicted);
  to.counter("switchgear_cache_too_large_total", "Answers not remembered: larger than max_bytes.",
             memory.refused);
  to.gauge("switchgear_cache_entries", "Answers remembered now.", static_cast<double>(memory.entries));
  to.gauge("switchgear_cache_bytes", "Memory that the remembered answers take.",
           static_cast<double>(memory.bytes));
  to.gauge("switchgear_cache_max_bytes", "Memory that remembered answers may take.",
           static_cast<double>(memory.max_bytes));
}

void write(Families& to, const AnswerFallback& fallback) {
  const FallbackCounters seen = fallback.counters();
  to.counter("switchgear_fallbacks_total", "Answers in place of a failure, by the kind of fallback.",
             seen.answered + seen.queued, {{"kind", std::string{to_string(fallback.kind())}}});
  to.counter("switchgear_fallbacks_failed_total", "Calls for which the fallback had no answer either.",
             seen.failed);
  const auto memory = fallback.memory();
  if (!memory) return;
  to.counter("switchgear_fallback_cache_evicted_total", "Last good answers that made way for newer ones.",
             memory->evicted);
  to.counter("switchgear_fallback_cache_too_large_total",
             "Last good answers not remembered: larger than max_bytes.", memory->refused);
  to.gauge("switchgear_fallback_cache_entries", "Last good answers remembered now.",
           static_cast<double>(memory->entries));
  to.gauge("switchgear_fallback_cache_bytes", "Memory that the last good answers take.",
           static_cast<double>(memory->bytes));
  to.gauge("switchgear_fallback_cache_max_bytes", "Memory that the last good answers may take.",
           static_cast<double>(memory->max_bytes));
}

void write(Families& to, const CallQueue& queue, TimePoint now) {
  const CallQueueCounters seen = queue.counters();
  to.gauge("switchgear_fallback_queue_waiting", "Calls stored for later.", static_cast<double>(seen.waiting));
  to.gauge("switchgear_fallback_queue_oldest_seconds",
           "How long the next of the stored calls has been stored; 0: there is none.",
           to_seconds(queue.oldest(now).value_or(Duration::zero())));
  to.counter("switchgear_fallback_queue_stored_total", "Calls that were stored for later.", seen.stored);
  to.counter("switchgear_fallback_queue_refused_total", "Calls for which the queue had no room.",
             seen.refused);
  to.counter("switchgear_fallback_queue_replayed_total", "Stored calls that were made and answered.",
             seen.done);
}

void write(Families& to, const Chaos& chaos) {
  const Chaos::Totals totals = chaos.totals();
  for (std::size_t i = 1; i < Chaos::kinds; ++i) {
    const auto kind = static_cast<Chaos::Injection::Kind>(i);
    to.counter("switchgear_chaos_injections_total", "Faults injected on purpose.", totals.of(kind),
               {{"kind", std::string{to_string(kind)}}});
  }
}

}  // namespace

std::vector<prometheus::MetricFamily> policy_metrics(const PolicySets& services, TimePoint now) {
  std::map<std::string, prometheus::MetricFamily> all;
  for (const auto& [name, set] : services) {
    Families families{name, all};
    const GatewayPolicies::Objects& of = set->policies();
    if (of.retry) write(families, *of.retry);
    if (of.budget) write(families, *of.budget, now);
    if (of.hedge) write(families, *of.hedge, *set->hedge_wins());
    if (of.bulkhead) write(families, *of.bulkhead);
    if (of.adaptive_limit) write(families, *of.adaptive_limit);
    if (of.rate_limiter) write(families, *of.rate_limiter, now);
    if (of.cache) write(families, *of.cache);
    if (of.fallback) write(families, *of.fallback);
    if (of.queue) write(families, *of.queue, now);
    if (of.chaos) write(families, *of.chaos);
  }
  std::vector<prometheus::MetricFamily> families;
  families.reserve(all.size());
  for (auto& [name, one] : all) families.push_back(std::move(one));
  return families;
}

}  // namespace switchgear::gateway
