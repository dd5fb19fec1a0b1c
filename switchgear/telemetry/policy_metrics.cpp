#include "switchgear/telemetry/policy_metrics.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "switchgear/registry/policy_registry.hpp"

namespace switchgear::telemetry {

namespace {

/// Families whose samples all carry the same labels, and some of them more.
class Labeled {
 public:
  Labeled(MetricFamilies& families, const Labels& labels) : families_(families), labels_(labels) {}

  void counter(const char* name, const char* help, std::uint64_t value, const Labels& more = {}) const {
    Labels labels = labels_;
    labels.insert(labels.end(), more.begin(), more.end());
    families_.counter(name, help, std::move(labels), value);
  }
  void gauge(const char* name, const char* help, double value) const {
    families_.gauge(name, help, labels_, value);
  }

 private:
  MetricFamilies& families_;
  const Labels& labels_;
};

}  // namespace

void add_policies(MetricFamilies& families, const PolicyRegistry& registry, TimePoint now) {
  for (const PolicySnapshot& policy : registry.snapshots(now)) {
    if (policy.kind == PolicyKind::circuit_breaker) continue;
    for (const NamedCount& total : policy.totals) {
      Labels labels{{"kind", std::string{to_string(policy.kind)}},
                    {"policy", policy.name},
                    {"what", std::string{total.what}},
                    {"of", std::string{total.of}}};
      for (const auto& [key, value] : policy.tags) labels.push_back({"tag_" + key, value});
      families.counter("switchgear_policy_total",
                       "What a policy did, by its kind and name; of: which part, where it is divided.",
                       std::move(labels), total.count);
    }
  }
}

void add_policy(MetricFamilies& families, const Labels& labels, const Retry& retry) {
  const Labeled to{families, labels};
  const RetryTotals totals = retry.totals();
  to.counter("switchgear_retries_total", "Attempts made after a failed one.", totals.retries);
  to.counter("switchgear_retries_recovered_total", "Calls that succeeded after a retry.", totals.recovered);
  for (const GivenUp reason : given_up_reasons)
    to.counter("switchgear_retries_given_up_total", "Failed calls that were not tried again, by the reason.",
               totals.given_up_for(reason), {{"reason", std::string{to_string(reason)}}});
}

void add_policy(MetricFamilies& families, const Labels& labels, const RetryBudget& budget, TimePoint now) {
  const Labeled to{families, labels};
  const RetryBudgetSnapshot seen = budget.snapshot(now);
  to.gauge("switchgear_retry_budget_left", "Retries and hedges that would be granted now.",
           static_cast<double>(seen.left));
  to.gauge("switchgear_retry_budget_used", "Retries and hedges of the last 10s, or in flight, by the mode.",
           static_cast<double>(seen.retries));
  to.counter("switchgear_retry_budget_exhausted_total", "Retries and hedges that the budget refused.",
             seen.totals.refused);
}

void add_policy(MetricFamilies& families, const Labels& labels, const Hedge& hedge) {
  const Labeled to{families, labels};
  const HedgeTotals totals = hedge.totals();
  to.counter("switchgear_hedges_total", "Attempts sent beside a slow one.", totals.hedges);
  to.counter("switchgear_hedges_refused_total", "Hedges that the retry budget refused.", totals.refused);
}

void add_policy(MetricFamilies& families, const Labels& labels, const Bulkhead& bulkhead) {
  const Labeled to{families, labels};
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

void add_policy(MetricFamilies& families, const Labels& labels, const AdaptiveLimit& limit) {
  const Labeled to{families, labels};
  const AdaptiveLimitSnapshot seen = limit.snapshot();
  to.gauge("switchgear_adaptive_limit", "Calls that may run at once, as worked out last.", seen.limit);
  to.gauge("switchgear_adaptive_limit_in_flight", "Calls that run now.", seen.in_flight);
  to.counter("switchgear_adaptive_limit_rejected_total", "Calls above the limit.", seen.totals.rejected);
}

void add_policy(MetricFamilies& families, const Labels& labels, const AdmissionControl& admission,
                TimePoint now) {
  const Labeled to{families, labels};
  const AdmissionControlSnapshot seen = admission.snapshot(now);
  to.gauge("switchgear_admission_rejection_ratio", "The share of calls that is refused now.",
           seen.rejection_share);
  to.gauge("switchgear_admission_window_calls", "Calls whose end the window holds.",
           static_cast<double>(seen.successes + seen.failures));
  to.gauge("switchgear_admission_window_failures", "Failed calls that the window holds.",
           static_cast<double>(seen.failures));
  to.counter("switchgear_admission_rejected_total", "Calls refused because too many fail.",
             seen.totals.rejected);
}

void add_policy(MetricFamilies& families, const Labels& labels, const RateLimiter& limiter, TimePoint now) {
  const Labeled to{families, labels};
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

void add_policy(MetricFamilies& families, const Labels& labels, const CacheCounters& seen,
                const AnswerMemory& memory) {
  const Labeled to{families, labels};
  to.counter("switchgear_cache_hits_total", "Answers from memory.", seen.hits);
  to.counter("switchgear_cache_misses_total", "Calls made because nothing was remembered.", seen.misses);
  to.counter("switchgear_cache_shared_total", "Answers of a call that was made for another client.",
             seen.shared);
  to.counter("switchgear_cache_evicted_total", "Answers that made way for newer ones.", memory.evicted);
  to.counter("switchgear_cache_too_large_total", "Answers not remembered: larger than max_bytes.",
             memory.refused);
  to.gauge("switchgear_cache_entries", "Answers remembered now.", static_cast<double>(memory.entries));
  to.gauge("switchgear_cache_bytes", "Memory that the remembered answers take.",
           static_cast<double>(memory.bytes));
  to.gauge("switchgear_cache_max_bytes", "Memory that remembered answers may take.",
           static_cast<double>(memory.max_bytes));
}

void add_policy(MetricFamilies& families, const Labels& labels, FallbackKind kind,
                const FallbackCounters& seen, const std::optional<AnswerMemory>& memory) {
  const Labeled to{families, labels};
  to.counter("switchgear_fallbacks_total", "Answers in place of a failure, by the kind of fallback.",
             seen.answered + seen.queued, {{"kind", std::string{to_string(kind)}}});
  to.counter("switchgear_fallbacks_failed_total", "Calls for which the fallback had no answer either.",
             seen.failed);
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

void add_policy(MetricFamilies& families, const Labels& labels, const CallQueue& queue, TimePoint now) {
  const Labeled to{families, labels};
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

void add_policy(MetricFamilies& families, const Labels& labels, const Chaos& chaos) {
  const Labeled to{families, labels};
  const Chaos::Totals totals = chaos.totals();
  for (std::size_t i = 1; i < Chaos::kinds; ++i) {
    const auto kind = static_cast<Chaos::Injection::Kind>(i);
    to.counter("switchgear_chaos_injections_total", "Faults injected on purpose.", totals.of(kind),
               {{"kind", std::string{to_string(kind)}}});
  }
}

}  // namespace switchgear::telemetry
