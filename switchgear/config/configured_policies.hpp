// The policies of one entry of `policies:`, for code that makes the calls itself: the same file that drives
// the gateway drives a library's calls.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "switchgear/config/config.hpp"
#include "switchgear/pipeline/pipeline.hpp"
#include "switchgear/pipeline/value_layers.hpp"
#include "switchgear/policy/call_queue.hpp"
#include "switchgear/policy/retry_budget.hpp"

namespace switchgear::config {

/// Owns what the policy names, in the standard order; T is what a call answers with.
///
///     const Loaded file = load_file("policies.yaml");      // file.errors say what is wrong, and where
///     const auto& prices = file.config->policies.at("prices");
///     ConfiguredPolicies<Price> policies{prices, {.created = SteadyTime::now()}};
///     auto price = call(policies.pipeline(), [&] { return fetch_price(item); });
///
/// Threads: pipeline() from any; what the policies share they guard themselves. Lifetime: outlives its calls.
/// Neither copied nor moved. The defaults are the file's alone: without `timeout` there is none.
template <class T>
class ConfiguredPolicies {
 public:
  using Plain = Pipeline<Optional<Fallback<T>>, Optional<Cache<T>>, Optional<RateLimiter>, Optional<Bulkhead>,
                         Optional<AdaptiveLimit>, Optional<Deadline>, Optional<Retry>,
                         Optional<CircuitBreaker>, Optional<Timeout>, Optional<Chaos>>;
  using Racing = Pipeline<Optional<Fallback<T>>, Optional<Cache<T>>, Optional<RateLimiter>,
                          Optional<Bulkhead>, Optional<AdaptiveLimit>, Optional<Deadline>, Optional<Retry>,
                          Optional<Hedge>, Optional<CircuitBreaker>, Optional<Timeout>, Optional<Chaos>>;
  /// Makes an answer of `fallback: {value: …}`.
  using MakeValue = std::function<T(const ValueFallback&)>;

  /// `context.seed` is for jitter. Throws std::invalid_argument when the policy names a value as its fallback
  /// and there is nothing to make a T of it, and when options are not valid (a loaded file's are).
  explicit ConfiguredPolicies(const Policy& policy, const BreakerContext& context = {},
                              const MakeValue& value = {});
  ConfiguredPolicies(const ConfiguredPolicies&) = delete;
  ConfiguredPolicies& operator=(const ConfiguredPolicies&) = delete;

  /// For callers that make one attempt at a time. A hedge in the file is passed over.
  [[nodiscard]] Plain pipeline() const noexcept {
    return Plain{fallback_.get(), cache_.get(), limiter_.get(), bulkhead_.get(), adaptive_.get(),
                 deadline_.get(), retry_.get(), breaker_.get(), timeout_.get(),  chaos_.get()};
  }
  /// For callers that can make several at once (async_call).
  [[nodiscard]] Racing racing_pipeline() const noexcept {
    return Racing{fallback_.get(), cache_.get(),    limiter_.get(), bulkhead_.get(),
                  adaptive_.get(), deadline_.get(), retry_.get(),   hedge_.get(),
                  breaker_.get(),  timeout_.get(),  chaos_.get()};
  }

  // Null: the policy has none.
  [[nodiscard]] CircuitBreaker* breaker() const noexcept { return breaker_.get(); }
  [[nodiscard]] Bulkhead* bulkhead() const noexcept { return bulkhead_.get(); }
  [[nodiscard]] RateLimiter* rate_limiter() const noexcept { return limiter_.get(); }
  [[nodiscard]] Retry* retry() const noexcept { return retry_.get(); }
  [[nodiscard]] Cache<T>* cache() const noexcept { return cache_.get(); }
  [[nodiscard]] CallQueue* queue() const noexcept { return queue_.get(); }  ///< of `fallback: {queue: …}`

 private:
  template <class P, class Options, class... More>
  static std::unique_ptr<P> make(const std::string& name, const std::optional<Options>& options,
                                 More... more) {
    return options ? std::make_unique<P>(name, *options, more...) : nullptr;
  }
  void make_fallback(const Policy& policy, const MakeValue& value);

  std::unique_ptr<CircuitBreaker> breaker_;
  std::unique_ptr<RetryBudget> budget_;
  std::unique_ptr<Retry> retry_;
  std::unique_ptr<Hedge> hedge_;
  std::unique_ptr<Timeout> timeout_;
  std::unique_ptr<Deadline> deadline_;
  std::unique_ptr<Bulkhead> bulkhead_;
  std::unique_ptr<AdaptiveLimit> adaptive_;
  std::unique_ptr<RateLimiter> limiter_;
  std::unique_ptr<Chaos> chaos_;
  std::unique_ptr<Cache<T>> cache_;
  std::unique_ptr<CallQueue> queue_;
  std::unique_ptr<Fallback<T>> fallback_;
};

template <class T>
ConfiguredPolicies<T>::ConfiguredPolicies(const Policy& policy, const BreakerContext& context,
                                          const MakeValue& value)
    : breaker_(make<CircuitBreaker>(policy.name, policy.circuit_breaker, context)),
      budget_(make<RetryBudget>(policy.name, policy.retry_budget)),
      retry_(make<Retry>(policy.name, policy.retry, context.seed, budget_.get())),
      hedge_(make<Hedge>(policy.name, policy.hedge, budget_.get())),
      timeout_(make<Timeout>(policy.name, policy.timeout)),
      deadline_(make<Deadline>(policy.name, policy.deadline)),
      bulkhead_(make<Bulkhead>(policy.name, policy.bulkhead)),
      adaptive_(make<AdaptiveLimit>(policy.name, policy.adaptive_limit)),
      limiter_(make<RateLimiter>(policy.name, policy.rate_limiter)),
      chaos_(make<Chaos>(policy.name, policy.chaos, policy.chaos_seed, breaker_.get())),
      cache_(make<Cache<T>>(policy.name, policy.cache)) {
  if (policy.fallback) make_fallback(policy, value);
}

template <class T>
void ConfiguredPolicies<T>::make_fallback(const Policy& policy, const MakeValue& value) {
  const std::string& name = policy.name;
  if (const auto* fixed = std::get_if<ValueFallback>(&*policy.fallback)) {
    if (!value)
      detail::raise_invalid("policy '" + name +
                            "': its fallback is a value, and nothing makes an answer of it");
    fallback_.reset(new Fallback<T>(Fallback<T>::value(name, value(*fixed))));
  } else if (const auto* cached = std::get_if<CachedFallbackOptions>(&*policy.fallback)) {
    fallback_.reset(new Fallback<T>(Fallback<T>::cached(name, *cached)));
  } else if (const auto* queue = std::get_if<CallQueueOptions>(&*policy.fallback)) {
    queue_ = std::make_unique<CallQueue>(name, *queue);
    fallback_.reset(new Fallback<T>(Fallback<T>::queue(name, *queue_)));
  } else {
    fallback_.reset(new Fallback<T>(Fallback<T>::fail(name, std::get<FailFallback>(*policy.fallback).text)));
  }
}

}  // namespace switchgear::config
