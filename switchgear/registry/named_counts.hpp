// The totals of every policy as one list of named counts, for readers that know no kind by itself: metrics,
// listings, tests.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "switchgear/policy/adaptive_limit.hpp"
#include "switchgear/policy/admission_control.hpp"
#include "switchgear/policy/bulkhead.hpp"
#include "switchgear/policy/cache.hpp"
#include "switchgear/policy/call_queue.hpp"
#include "switchgear/policy/chaos.hpp"
#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/policy/fallback.hpp"
#include "switchgear/policy/hedge.hpp"
#include "switchgear/policy/rate_limiter.hpp"
#include "switchgear/policy/retry.hpp"
#include "switchgear/policy/retry_budget.hpp"
#include "switchgear/policy/time_limit.hpp"

namespace switchgear {

/// One total, since construction. Both words are literals.
struct NamedCount {
  std::string_view what;  ///< `retries`, `given_up`, `rejected`
  std::string_view of;    ///< `deadline`, `open`: which of `what`; empty when it is not divided
  std::uint64_t count = 0;

  friend bool operator==(const NamedCount&, const NamedCount&) = default;
};
using NamedCounts = std::vector<NamedCount>;

/// Divided counts come in parts alone: their sum is not among them.
[[nodiscard]] NamedCounts counts_of(const CallTotals& totals);
[[nodiscard]] NamedCounts counts_of(const RetryTotals& totals);
[[nodiscard]] NamedCounts counts_of(const RetryBudgetTotals& totals);
[[nodiscard]] NamedCounts counts_of(const HedgeTotals& totals);
[[nodiscard]] NamedCounts counts_of(const TimeLimitTotals& totals);
[[nodiscard]] NamedCounts counts_of(const BulkheadTotals& totals);
[[nodiscard]] NamedCounts counts_of(const AdaptiveLimitTotals& totals);
[[nodiscard]] NamedCounts counts_of(const AdmissionControlTotals& totals);
[[nodiscard]] NamedCounts counts_of(const RateLimiterTotals& totals);
[[nodiscard]] NamedCounts counts_of(const CacheCounters& totals);
[[nodiscard]] NamedCounts counts_of(const FallbackCounters& totals);
[[nodiscard]] NamedCounts counts_of(const CallQueueCounters& totals);
[[nodiscard]] NamedCounts counts_of(const Chaos::Totals& totals);

}  // namespace switchgear
