// The policies of one entry of `policies:`, for code that makes the calls itself: the same file that drives
// the gateway drives a library's calls.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "switchgear/config/config.hpp"
#include "switchgear/pipeline/standard_order.hpp"
#include "switchgear/policy/breakers_by_value.hpp"
#include "switchgear/policy/call_queue.hpp"
#include "switchgear/policy/retry_budget.hpp"
#include "switchgear/registry/policy_registry.hpp"

namespace switchgear::config {

/// The policies of one entry. Null: it has none of that kind. Each pointer also keeps alive what its policy
/// borrows: a retry and a hedge their budget, chaos its breaker, a fallback its queue.
template <class T>
struct PolicyObjects {
  std::shared_ptr<CircuitBreaker> outer_breaker;  ///< as the context has it
  std::shared_ptr<CircuitBreaker> breaker;
  std::shared_ptr<BreakersByValue> by_value;  ///< as the context has it
  std::shared_ptr<RetryBudget> budget;
  std::shared_ptr<Retry> retry;
  std::shared_ptr<Hedge> hedge;
  std::shared_ptr<Timeout> timeout;
  std::shared_ptr<Deadline> deadline;
  std::shared_ptr<Bulkhead> bulkhead;
  std::shared_ptr<AdaptiveLimit> adaptive_limit;
  std::shared_ptr<AdmissionControl> admission;
  std::shared_ptr<RateLimiter> rate_limiter;
  std::shared_ptr<Chaos> chaos;
  std::shared_ptr<Cache<T>> cache;
  std::shared_ptr<CallQueue> queue;
  std::shared_ptr<Fallback<T>> fallback;
};

/// Whether answers that were remembered under the options of before still hold.
enum class Answers : std::uint8_t { kept, forgotten };

/// What the file does not say about the policies of an entry.
template <class T>
struct PolicyContext {
  std::string name{};        ///< of all policies; empty: the entry's
  BreakerContext breaker{};  ///< its seed is for jitter, of retries too, and for admission
  /// When a rate limiter of `before` gets other options; not given: steady_clock::now(). A program with a
  /// clock of its own gives that clock's reading, a new one each time.
  std::optional<TimePoint> now{};
  std::shared_ptr<CircuitBreaker> shared_breaker{};  ///< used instead of one that is made here
  std::shared_ptr<CircuitBreaker> outer_breaker{};   ///< around the entry's; null: none
  std::shared_ptr<BreakersByValue> by_value{};       ///< inside the entry's; null: none
  std::optional<Duration> timeout{};                 ///< of an entry that has none
  std::function<T(const ValueFallback&)> value{};  ///< makes that of `fallback: {value: …}`, and of a level
  typename Fallback<T>::Accepted accepted{};       ///< the answer to a call that was queued
  Answers answers = Answers::kept;
  /// Makes the breaker, and holds all policies from here on, in the place of those of `before`.
  PolicyRegistry* registry = nullptr;
  Tags tags{};  ///< of all policies in the registry
};

namespace detail {

/// `more`: a hedge, for callers that can make several attempts at once.
template <class T, class... More>
[[nodiscard]] auto pipeline_of(const PolicyObjects<T>& has, Fallback<T>* fallback, More*... more) noexcept {
  return standard_pipeline(fallback, has.cache.get(), has.admission.get(), has.rate_limiter.get(),
                           has.bulkhead.get(), has.adaptive_limit.get(), has.deadline.get(), has.retry.get(),
                           has.outer_breaker.get(), has.breaker.get(), has.by_value.get(), has.timeout.get(),
                           has.chaos.get(), more...);
}

/// Shares `policy`, and keeps alive what it borrows from, until it is destroyed.
template <class P, class Lender>
[[nodiscard]] std::shared_ptr<P> share(std::unique_ptr<P> policy, const std::shared_ptr<Lender>& lender) {
  // Of a pair, the second is destroyed first.
  using Both = std::pair<std::shared_ptr<Lender>, std::unique_ptr<P>>;
  const auto both = std::make_shared<Both>(lender, std::move(policy));
  return {both, both->second.get()};
}

}  // namespace detail

enum class WithFallback : std::uint8_t { yes, no };

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
  using Objects = PolicyObjects<T>;
  using Plain = decltype(detail::pipeline_of(std::declval<const Objects&>(), std::declval<Fallback<T>*>()));
  using Racing = decltype(detail::pipeline_of(std::declval<const Objects&>(), std::declval<Fallback<T>*>(),
                                              std::declval<Hedge*>()));
  /// Makes an answer of `fallback: {value: …}`.
  using MakeValue = std::function<T(const ValueFallback&)>;

  /// Throws std::invalid_argument when the policy names a value as its fallback and there is nothing to make
  /// a T of it, and when options or tags are not valid (a loaded file's options are). Then, and when `value`
  /// throws, the policies of `before` and those in the registry are as they were.
  /// Of `before`, unless null, every policy is taken over that has the same name and the same options, and
  /// borrows the same ones. A retry, a hedge, a bulkhead and a rate limiter are taken over with other options
  /// too, which they then have for the callers of `before` as well; what they hold (slots, waiters, tokens)
  /// stays. So is a queue, with the calls stored in it: only its size follows the file.
  ConfiguredPolicies(const Policy& policy, PolicyContext<T> context, const ConfiguredPolicies* before);
  explicit ConfiguredPolicies(const Policy& policy, const BreakerContext& breaker = {},
                              const MakeValue& value = {}, const ConfiguredPolicies* before = nullptr)
      : ConfiguredPolicies(policy, PolicyContext<T>{.breaker = breaker, .value = value}, before) {}
  ConfiguredPolicies(const ConfiguredPolicies&) = delete;
  ConfiguredPolicies& operator=(const ConfiguredPolicies&) = delete;

  /// For callers that make one attempt at a time. A hedge in the file is passed over.
  [[nodiscard]] Plain pipeline(WithFallback with = WithFallback::yes) const noexcept {
    return detail::pipeline_of(objects_, with == WithFallback::yes ? objects_.fallback.get() : nullptr);
  }
  /// For callers that can make several at once (async_call).
  [[nodiscard]] Racing racing_pipeline(WithFallback with = WithFallback::yes) const noexcept {
    return detail::pipeline_of(objects_, with == WithFallback::yes ? objects_.fallback.get() : nullptr,
                               objects_.hedge.get());
  }

  [[nodiscard]] const Policy& policy() const noexcept { return policy_; }
  [[nodiscard]] const Objects& objects() const noexcept { return objects_; }

  // Null: the policy has none.
  [[nodiscard]] CircuitBreaker* breaker() const noexcept { return objects_.breaker.get(); }
  [[nodiscard]] Bulkhead* bulkhead() const noexcept { return objects_.bulkhead.get(); }
  [[nodiscard]] RateLimiter* rate_limiter() const noexcept { return objects_.rate_limiter.get(); }
  [[nodiscard]] Retry* retry() const noexcept { return objects_.retry.get(); }
  [[nodiscard]] Cache<T>* cache() const noexcept { return objects_.cache.get(); }
  /// Of `fallback: {queue: …}`; stays when a later file has another fallback, because what it has stored is
  /// still to be made.
  [[nodiscard]] CallQueue* queue() const noexcept { return objects_.queue.get(); }

 private:
  /// The one there was, if it is the same or can have the new options, which exchange() gives it; null, if
  /// there is to be another one or none.
  template <class P, class Options>
  std::shared_ptr<P> kept(std::shared_ptr<P> Objects::*member, std::optional<Options> Policy::*options,
                          bool same) const {
    if (!same || !(policy_.*options)) return nullptr;
    if (before_->policy_.*options == policy_.*options) return before_->objects_.*member;
    if constexpr (can_exchange<P, Options>) {
      require_valid(to_string(switchgear::detail::KindOf<P>::value), name_, validate(*(policy_.*options)));
      return before_->objects_.*member;
    }
    return nullptr;
  }
  /// The one there was; or a new one, if the policy has options for it.
  template <class P, class Options, class... More>
  std::shared_ptr<P> keep_or_make(std::shared_ptr<P> Objects::*member,
                                  std::optional<Options> Policy::*options, bool same, More... more) const {
    auto known = kept(member, options, same);
    if (known || !(policy_.*options)) return known;
    return std::make_shared<P>(name_, *(policy_.*options), more...);
  }
  /// The same for a policy that borrows from `lender`, which may be null.
  template <class P, class Options, class Lender, class... More>
  std::shared_ptr<P> keep_or_lend(const std::shared_ptr<Lender>& lender, std::shared_ptr<P> Objects::*member,
                                  std::optional<Options> Policy::*options, bool same, More... more) const {
    auto known = kept(member, options, same);
    if (known || !(policy_.*options)) return known;
    return detail::share(std::make_unique<P>(name_, *(policy_.*options), more..., lender.get()), lender);
  }
  template <class P, class Options>
  static constexpr bool can_exchange = requires(P& policy, const Options& options) {
    policy.set_options(options);
  }
  || std::is_same_v<P, RateLimiter>;
  /// Gives a policy that was kept its new options, which are known to be valid.
  template <class P, class Options>
  void exchange(std::shared_ptr<P> Objects::*member, std::optional<Options> Policy::*options) const {
    const std::shared_ptr<P>& policy = objects_.*member;
    if (policy == nullptr || before_ == nullptr || policy != before_->objects_.*member) return;
    if (before_->policy_.*options == policy_.*options) return;
    if constexpr (std::is_same_v<P, RateLimiter>) {
      policy->set_options(*(policy_.*options), now_);
    } else {
      policy->set_options(*(policy_.*options));
    }
  }
  void enter(PolicyRegistry& registry, const Tags& tags) const;
  void make_fallback(const PolicyContext<T>& context);
  [[nodiscard]] bool same_fallback(Answers answers) const;

  Policy policy_;
  const std::string name_;
  const TimePoint now_;               ///< PolicyContext::now
  const ConfiguredPolicies* before_;  ///< while this is made; null afterwards, and when it has another name
  Objects objects_;
};

template <class T>
ConfiguredPolicies<T>::ConfiguredPolicies(const Policy& policy, PolicyContext<T> context,
                                          const ConfiguredPolicies* before)
    : policy_(policy),
      name_(context.name.empty() ? policy.name : context.name),
      now_(context.now ? *context.now : std::chrono::steady_clock::now()),
      before_(before != nullptr && before->name_ == name_ ? before : nullptr) {
  if (!policy_.timeout) policy_.timeout = context.timeout;
  const std::uint64_t seed = context.breaker.seed;
  const bool known = before_ != nullptr;
  const bool same_answers = known && context.answers == Answers::kept;
  Objects& made = objects_;

  // What can throw comes before what changes a policy that others have.
  if (context.registry != nullptr) require_valid("policy", name_, validate(context.tags));
  if (policy_.chaos) require_valid("chaos", name_, validate(*policy_.chaos));
  made.budget = keep_or_make(&Objects::budget, &Policy::retry_budget, known);
  const bool same_budget = known && before_->objects_.budget == made.budget;
  made.retry = keep_or_lend(made.budget, &Objects::retry, &Policy::retry, same_budget, seed);
  made.hedge = keep_or_lend(made.budget, &Objects::hedge, &Policy::hedge, same_budget);
  made.timeout = keep_or_make(&Objects::timeout, &Policy::timeout, known);
  made.deadline = keep_or_make(&Objects::deadline, &Policy::deadline, known);
  made.bulkhead = keep_or_make(&Objects::bulkhead, &Policy::bulkhead, known);
  made.adaptive_limit = keep_or_make(&Objects::adaptive_limit, &Policy::adaptive_limit, known);
  made.admission = keep_or_make(&Objects::admission, &Policy::admission, known, seed);
  made.rate_limiter = keep_or_make(&Objects::rate_limiter, &Policy::rate_limiter, known);
  made.cache = keep_or_make(&Objects::cache, &Policy::cache, same_answers);
  if (known) made.queue = before_->objects_.queue;
  if (policy_.fallback || !policy_.level_answers.empty()) {
    if (known && same_fallback(context.answers)) {
      made.fallback = before_->objects_.fallback;
    } else {
      make_fallback(context);
    }
  }
  if (context.registry != nullptr && policy_.circuit_breaker && !context.shared_breaker) {
    context.shared_breaker =
        context.registry->breakers().put(name_, *policy_.circuit_breaker, context.breaker.created);
  }
  made.breaker = context.shared_breaker
                     ? std::move(context.shared_breaker)
                     : keep_or_make(&Objects::breaker, &Policy::circuit_breaker, known, context.breaker);
  const bool same_chaos =
      known && before_->objects_.breaker == made.breaker && before_->policy_.chaos_seed == policy_.chaos_seed;
  made.chaos = keep_or_lend(made.breaker, &Objects::chaos, &Policy::chaos, same_chaos, policy_.chaos_seed);

  made.outer_breaker = std::move(context.outer_breaker);
  made.by_value = std::move(context.by_value);

  exchange(&Objects::retry, &Policy::retry);
  exchange(&Objects::hedge, &Policy::hedge);
  exchange(&Objects::bulkhead, &Policy::bulkhead);
  exchange(&Objects::rate_limiter, &Policy::rate_limiter);
  if (const auto* queue = policy_.fallback ? std::get_if<CallQueueOptions>(&*policy_.fallback) : nullptr)
    made.queue->set_max(queue->max);
  before_ = nullptr;
  if (context.registry != nullptr) enter(*context.registry, context.tags);
}

/// Puts every policy into the registry, and takes out what the entry has no more of.
template <class T>
void ConfiguredPolicies<T>::enter(PolicyRegistry& registry, const Tags& tags) const {
  const auto put = [&]<class P>(const std::shared_ptr<P>& policy) {
    if (policy != nullptr) {
      registry.replace(policy, tags);
    } else {
      registry.remove(switchgear::detail::KindOf<P>::value, name_);
    }
  };
  if (objects_.breaker) registry.tag(PolicyKind::circuit_breaker, name_, tags);
  put(objects_.budget);
  put(objects_.retry);
  put(objects_.hedge);
  put(objects_.timeout);
  put(objects_.deadline);
  put(objects_.bulkhead);
  put(objects_.adaptive_limit);
  put(objects_.admission);
  put(objects_.rate_limiter);
  put(objects_.chaos);
  put(objects_.cache);
  put(objects_.queue);
  put(objects_.fallback);
}

/// One that queues is the same whatever its size, and remembers no answers.
template <class T>
bool ConfiguredPolicies<T>::same_fallback(Answers answers) const {
  const std::optional<FallbackOptions>& was = before_->policy_.fallback;
  if (before_->policy_.level_answers != policy_.level_answers) return false;
  if (!was || !policy_.fallback) return !was && !policy_.fallback && before_->objects_.fallback != nullptr;
  const auto queues = [](const FallbackOptions& options) {
    return std::holds_alternative<CallQueueOptions>(options);
  };
  if (queues(*was) && queues(*policy_.fallback)) return true;
  return answers == Answers::kept && *was == *policy_.fallback;
}

template <class T>
void ConfiguredPolicies<T>::make_fallback(const PolicyContext<T>& context) {
  std::shared_ptr<Fallback<T>>& made = objects_.fallback;
  if (!policy_.level_answers.empty() && !context.value)
    switchgear::detail::raise_invalid("policy '" + name_ +
                                      "': its levels have answers, and nothing makes an answer of them");
  if (!policy_.fallback) {
    const ValueFallback& any = policy_.level_answers.begin()->second;
    made.reset(new Fallback<T>(Fallback<T>::value(name_, context.value(any))));
    made->answer_at_levels_only();
  } else if (const auto* fixed = std::get_if<ValueFallback>(&*policy_.fallback)) {
    if (!context.value)
      switchgear::detail::raise_invalid("policy '" + name_ +
                                        "': its fallback is a value, and nothing makes an answer of it");
    made.reset(new Fallback<T>(Fallback<T>::value(name_, context.value(*fixed))));
  } else if (const auto* cached = std::get_if<CachedFallbackOptions>(&*policy_.fallback)) {
    made.reset(new Fallback<T>(Fallback<T>::cached(name_, *cached)));
  } else if (const auto* options = std::get_if<CallQueueOptions>(&*policy_.fallback)) {
    if (!objects_.queue) objects_.queue = std::make_shared<CallQueue>(name_, *options);
    const auto queueing = [&] { return Fallback<T>::queue(name_, *objects_.queue, context.accepted); };
    made = detail::share(std::unique_ptr<Fallback<T>>{new Fallback<T>(queueing())}, objects_.queue);
  } else {
    made.reset(new Fallback<T>(Fallback<T>::fail(name_, std::get<FailFallback>(*policy_.fallback).text)));
  }
  if constexpr (std::copy_constructible<T>) {
    for (const auto& [level, answer] : policy_.level_answers)
      made->set_answer_at(level, context.value(answer));
  }
}

}  // namespace switchgear::config
