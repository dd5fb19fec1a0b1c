// The counters of policies other than breakers as metric families (docs/gateway.md has the list).
#pragma once

#include <optional>

#include "switchgear/core/time.hpp"
#include "switchgear/policy/adaptive_limit.hpp"
#include "switchgear/policy/admission_control.hpp"
#include "switchgear/policy/bulkhead.hpp"
#include "switchgear/policy/cache.hpp"
#include "switchgear/policy/call_queue.hpp"
#include "switchgear/policy/chaos.hpp"
#include "switchgear/policy/fallback.hpp"
#include "switchgear/policy/hedge.hpp"
#include "switchgear/policy/rate_limiter.hpp"
#include "switchgear/policy/retry.hpp"
#include "switchgear/policy/retry_budget.hpp"
#include "switchgear/telemetry/metric_families.hpp"

namespace switchgear {
class PolicyRegistry;
}

namespace switchgear::telemetry {

/// Adds the totals of every policy of a registry, except for breakers, as one family:
///
///     switchgear_policy_total{kind="retry",policy="shop",what="given_up",of="deadline",tag_team="web"} 3
///
/// Threads: any; no call waits for it.
void add_policies(MetricFamilies& families, const PolicyRegistry& registry, TimePoint now);

/// Adds a policy's `switchgear_*`. `labels` tell it from the others of its kind; the gateway gives `service`:
///
///     telemetry::add_policy(families, {{"service", "payment"}}, retry);
///
/// Threads: any; no call waits for it.
void add_policy(MetricFamilies& families, const Labels& labels, const Retry& retry);
void add_policy(MetricFamilies& families, const Labels& labels, const RetryBudget& budget, TimePoint now);
void add_policy(MetricFamilies& families, const Labels& labels, const Hedge& hedge);
void add_policy(MetricFamilies& families, const Labels& labels, const Bulkhead& bulkhead);
void add_policy(MetricFamilies& families, const Labels& labels, const AdaptiveLimit& limit);
void add_policy(MetricFamilies& families, const Labels& labels, const AdmissionControl& admission,
                TimePoint now);
void add_policy(MetricFamilies& families, const Labels& labels, const RateLimiter& limiter, TimePoint now);
void add_policy(MetricFamilies& families, const Labels& labels, const CacheCounters& seen,
                const AnswerMemory& memory);
void add_policy(MetricFamilies& families, const Labels& labels, FallbackKind kind,
                const FallbackCounters& seen, const std::optional<AnswerMemory>& memory);
void add_policy(MetricFamilies& families, const Labels& labels, const CallQueue& queue, TimePoint now);
void add_policy(MetricFamilies& families, const Labels& labels, const Chaos& chaos);

template <class T>
void add_policy(MetricFamilies& families, const Labels& labels, const Cache<T>& cache) {
  add_policy(families, labels, cache.counters(), cache.memory());
}
template <class T>
void add_policy(MetricFamilies& families, const Labels& labels, const Fallback<T>& fallback) {
  add_policy(families, labels, fallback.kind(), fallback.counters(), fallback.memory());
}

}  // namespace switchgear::telemetry
