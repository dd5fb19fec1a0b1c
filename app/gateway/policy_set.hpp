// The policies of one service, made from its configuration and shared by every thread that calls it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "app/gateway/stored_answer.hpp"
#include "app/gateway/uri_versions.hpp"
#include "switchgear/config/config.hpp"
#include "switchgear/pipeline/pipeline.hpp"
#include "switchgear/pipeline/value_layers.hpp"
#include "switchgear/policy/call_queue.hpp"
#include "switchgear/policy/retry_budget.hpp"

namespace switchgear::gateway {

using AnswerCache = Cache<StoredAnswer>;
using AnswerFallback = Fallback<StoredAnswer>;

/// The standard order; policies that a service does not have are skipped. Only a service that hedges pays for
/// a race.
using PlainPipeline = Pipeline<Optional<AnswerFallback>, Optional<AnswerCache>, Optional<RateLimiter>,
                               Optional<Bulkhead>, Optional<AdaptiveLimit>, Optional<Deadline>,
                               Optional<Retry>, Optional<CircuitBreaker>, Optional<Timeout>, Optional<Chaos>>;
using HedgedPipeline =
    Pipeline<Optional<AnswerFallback>, Optional<AnswerCache>, Optional<RateLimiter>, Optional<Bulkhead>,
             Optional<AdaptiveLimit>, Optional<Deadline>, Optional<Retry>, Optional<Hedge>,
             Optional<CircuitBreaker>, Optional<Timeout>, Optional<Chaos>>;

/// Hedges whose answer came first. Threads: any.
class HedgeWins {
 public:
  void add() noexcept { count_.fetch_add(1, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t count() const noexcept { return count_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> count_{0};
};

/// Null: the service has none. In the order of their lifetimes: a policy after those that it borrows.
struct Policies {
  std::shared_ptr<CircuitBreaker> breaker;
  std::shared_ptr<RetryBudget> budget;
  std::shared_ptr<Retry> retry;
  std::shared_ptr<Hedge> hedge;
  std::shared_ptr<HedgeWins> hedge_wins;  ///< replaced with it, so that both start from 0 together
  std::shared_ptr<Timeout> timeout;       ///< never null
  std::shared_ptr<Deadline> deadline;
  std::shared_ptr<Bulkhead> bulkhead;
  std::shared_ptr<AdaptiveLimit> adaptive_limit;
  std::shared_ptr<RateLimiter> rate_limiter;
  std::shared_ptr<Chaos> chaos;
  /// Of a service that remembers, or once did: answers that a cache keeps across a reload must not be found
  /// again under a version that has begun anew.
  std::shared_ptr<UriVersions> versions;
  std::shared_ptr<AnswerCache> cache;
  /// Of a fallback that stores calls, or once did: it stays as long as the service does, because calls under
  /// way may still store, and because what is stored was promised to be made.
  std::shared_ptr<CallQueue> queue;
  std::shared_ptr<AnswerFallback> fallback;
};

/// Constant; threads: any.
class PolicySet {
 public:
  /// Policies whose options did not change since `before` are the same objects, with all they know.
  PolicySet(const config::Service& service, const config::Policy& policy,
            std::shared_ptr<CircuitBreaker> breaker, const PolicySet* before, std::uint64_t seed);
  PolicySet(const PolicySet&) = delete;
  PolicySet& operator=(const PolicySet&) = delete;

  [[nodiscard]] const config::Service& service() const noexcept { return service_; }
  [[nodiscard]] const Policies& policies() const noexcept { return policies_; }

  /// A call may be made more than once.
  [[nodiscard]] bool repeats() const noexcept { return policies_.retry || policies_.hedge; }
  /// A bad answer may have another use than being forwarded, so it is checked first.
  [[nodiscard]] bool reacts() const noexcept { return repeats() || policies_.fallback || policies_.cache; }
  [[nodiscard]] bool hedges() const noexcept { return policies_.hedge != nullptr; }
  /// Good answers are kept.
  [[nodiscard]] bool remembers() const noexcept { return remembers_; }
  /// Calls that come to nothing are stored for later.
  [[nodiscard]] bool queues() const noexcept { return queues_; }

  [[nodiscard]] const PlainPipeline& plain() const noexcept { return plain_; }
  [[nodiscard]] const PlainPipeline& plain_without_fallback() const noexcept { return plain_bare_; }
  [[nodiscard]] const HedgedPipeline& hedged() const noexcept { return hedged_; }
  [[nodiscard]] const HedgedPipeline& hedged_without_fallback() const noexcept { return hedged_bare_; }

 private:
  [[nodiscard]] static Policies make(const config::Service& service, const config::Policy& policy,
                                     std::shared_ptr<CircuitBreaker> breaker, const PolicySet* before,
                                     std::uint64_t seed);
  [[nodiscard]] PlainPipeline plain_with(AnswerFallback* fallback) const noexcept;
  [[nodiscard]] HedgedPipeline hedged_with(AnswerFallback* fallback) const noexcept;

  config::Service service_;
  config::Policy policy_;
  Policies policies_;
  bool remembers_;
  bool queues_;
  PlainPipeline plain_;
  PlainPipeline plain_bare_;
  HedgedPipeline hedged_;
  HedgedPipeline hedged_bare_;
};

}  // namespace switchgear::gateway
