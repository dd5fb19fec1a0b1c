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
  /// Of `before`, unless null, every policy is taken over that has the same name and the same options, and
  /// borrows the same ones.
  explicit ConfiguredPolicies(const Policy& policy, const BreakerContext& context = {},
                              const MakeValue& value = {}, const ConfiguredPolicies* before = nullptr);
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
  /// The one there was, if it is the same; a new one, if the policy has options for it.
  template <class P, class Options, class... More>
  std::shared_ptr<P> keep_or_make(std::shared_ptr<P> ConfiguredPolicies::*member,
                                  std::optional<Options> Policy::*options, bool same, More... more) const {
    if (!(policy_.*options)) return nullptr;
    if (same && before_->policy_.*options == policy_.*options) return before_->*member;
    return std::make_shared<P>(policy_.name, *(policy_.*options), more...);
  }
  void make_fallback(const MakeValue& value);

  const Policy policy_;
  const ConfiguredPolicies* before_;  ///< while this is made; null afterwards, and when it has another name
  std::shared_ptr<CircuitBreaker> breaker_;
  std::shared_ptr<RetryBudget> budget_;
  std::shared_ptr<Retry> retry_;
  std::shared_ptr<Hedge> hedge_;
  std::shared_ptr<Timeout> timeout_;
  std::shared_ptr<Deadline> deadline_;
  std::shared_ptr<Bulkhead> bulkhead_;
  std::shared_ptr<AdaptiveLimit> adaptive_;
  std::shared_ptr<RateLimiter> limiter_;
  std::shared_ptr<Chaos> chaos_;
  std::shared_ptr<Cache<T>> cache_;
  std::shared_ptr<CallQueue> queue_;
  std::shared_ptr<Fallback<T>> fallback_;
};

template <class T>
ConfiguredPolicies<T>::ConfiguredPolicies(const Policy& policy, const BreakerContext& context,
                                          const MakeValue& value, const ConfiguredPolicies* before)
    : policy_(policy), before_(before != nullptr && before->policy_.name == policy.name ? before : nullptr) {
  using Self = ConfiguredPolicies;
  const bool known = before_ != nullptr;
  breaker_ = keep_or_make(&Self::breaker_, &Policy::circuit_breaker, known, context);
  budget_ = keep_or_make(&Self::budget_, &Policy::retry_budget, known);
  const bool same_budget = known && before_->budget_ == budget_;
  retry_ = keep_or_make(&Self::retry_, &Policy::retry, same_budget, context.seed, budget_.get());
  hedge_ = keep_or_make(&Self::hedge_, &Policy::hedge, same_budget, budget_.get());
  timeout_ = keep_or_make(&Self::timeout_, &Policy::timeout, known);
  deadline_ = keep_or_make(&Self::deadline_, &Policy::deadline, known);
  bulkhead_ = keep_or_make(&Self::bulkhead_, &Policy::bulkhead, known);
  adaptive_ = keep_or_make(&Self::adaptive_, &Policy::adaptive_limit, known);
  limiter_ = keep_or_make(&Self::limiter_, &Policy::rate_limiter, known);
  const bool same_chaos =
      known && before_->breaker_ == breaker_ && before_->policy_.chaos_seed == policy.chaos_seed;
  chaos_ = keep_or_make(&Self::chaos_, &Policy::chaos, same_chaos, policy.chaos_seed, breaker_.get());
  cache_ = keep_or_make(&Self::cache_, &Policy::cache, known);
  if (known && policy.fallback && before_->policy_.fallback == policy.fallback) {
    queue_ = before_->queue_;
    fallback_ = before_->fallback_;
  } else if (policy.fallback) {
    make_fallback(value);
  }
  before_ = nullptr;
}

template <class T>
void ConfiguredPolicies<T>::make_fallback(const MakeValue& value) {
  const std::string& name = policy_.name;
  if (const auto* fixed = std::get_if<ValueFallback>(&*policy_.fallback)) {
    if (!value)
      detail::raise_invalid("policy '" + name +
                            "': its fallback is a value, and nothing makes an answer of it");
    fallback_.reset(new Fallback<T>(Fallback<T>::value(name, value(*fixed))));
  } else if (const auto* cached = std::get_if<CachedFallbackOptions>(&*policy_.fallback)) {
    fallback_.reset(new Fallback<T>(Fallback<T>::cached(name, *cached)));
  } else if (const auto* queue = std::get_if<CallQueueOptions>(&*policy_.fallback)) {
    queue_ = std::make_shared<CallQueue>(name, *queue);
    fallback_.reset(new Fallback<T>(Fallback<T>::queue(name, *queue_)));
  } else {
    fallback_.reset(new Fallback<T>(Fallback<T>::fail(name, std::get<FailFallback>(*policy_.fallback).text)));
  }
}

}  // namespace switchgear::config
