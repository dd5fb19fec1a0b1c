// analysis/: what the policies around a call come to, worked out from their options alone: contradictions,
// worst cases. Pure functions. Never here: files, measurements, anything that runs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "switchgear/core/time.hpp"
#include "switchgear/policy/adaptive_limit.hpp"
#include "switchgear/policy/admission_control.hpp"
#include "switchgear/policy/bulkhead.hpp"
#include "switchgear/policy/cache.hpp"
#include "switchgear/policy/call_queue.hpp"
#include "switchgear/policy/chaos.hpp"
#include "switchgear/policy/circuit_breaker_options.hpp"
#include "switchgear/policy/fallback.hpp"
#include "switchgear/policy/hedge.hpp"
#include "switchgear/policy/rate_limiter.hpp"
#include "switchgear/policy/retry.hpp"
#include "switchgear/policy/retry_budget.hpp"

namespace switchgear::analysis {

/// HTTP statuses, as inclusive ranges.
using StatusRanges = std::vector<std::pair<unsigned, unsigned>>;

/// Which results of an HTTP call are failures of the dependency.
struct FailureWhen {
  StatusRanges status{{500, 599}};
  bool timeout = true;
  bool connection_error = true;

  friend bool operator==(const FailureWhen&, const FailureWhen&) = default;
};

/// `fallback: {value: …}`: always this answer.
struct ValueFallback {
  unsigned status = 200;  ///< 200 … 599
  std::string body;
  std::string content_type = "text/plain; charset=utf-8";  ///< of a body that is not empty

  friend bool operator==(const ValueFallback&, const ValueFallback&) = default;
};

/// `fallback: {fail: TEXT}`: a clear error in place of the dependency's own words.
struct FailFallback {
  std::string text;

  friend bool operator==(const FailFallback&, const FailFallback&) = default;
};

/// The kind of fallback: `value`, `cache`, `queue`, `fail`.
using FallbackOptions = std::variant<ValueFallback, CachedFallbackOptions, CallQueueOptions, FailFallback>;

/// The options of all policies around one call: an entry of `policies:` with its preset applied. In the
/// standard order, outermost first.
struct Policy {
  std::string name;
  std::optional<FallbackOptions> fallback;
  std::optional<CacheOptions> cache;
  std::optional<AdmissionControlOptions> admission;
  std::optional<RateLimiterOptions> rate_limiter;
  std::optional<BulkheadOptions> bulkhead;
  /// Of a call whose answer is an event stream, or whose connection is upgraded: it keeps its slots until
  /// that ends. Otherwise it gives them back when the answer begins.
  bool bulkhead_holds_streams = false;
  std::optional<AdaptiveLimitOptions> adaptive_limit;
  std::optional<Duration> deadline;  ///< the whole call
  std::optional<RetryOptions> retry;
  /// Statuses worth another attempt; unset: 408, 425, 429 and 5xx but 501, 505 and 508. Timeouts and
  /// connection errors always are.
  std::optional<StatusRanges> retry_status;
  std::optional<RetryBudgetOptions> retry_budget;  ///< set only beside `retry`; hedges spend it too
  std::optional<HedgeOptions> hedge;
  std::optional<CircuitBreakerOptions> circuit_breaker;
  /// Answers to calls that a multi-level breaker refuses at a level, before any `fallback`.
  std::map<BreakerLevel, ValueFallback> level_answers;
  FailureWhen failure_when;
  std::optional<Duration> timeout;                 ///< one attempt
  std::optional<ChaosOptions> chaos;               ///< does nothing unless `enabled`
  std::uint64_t chaos_seed = Chaos::default_seed;  ///< the same seed, the same faults

  friend bool operator==(const Policy&, const Policy&) = default;
};

}  // namespace switchgear::analysis
