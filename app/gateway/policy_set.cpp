#include "app/gateway/policy_set.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "switchgear/config/explain.hpp"

namespace switchgear::gateway {

namespace {

/// The one there was, when what it was made of has not changed.
template <class T, class Make>
[[nodiscard]] std::shared_ptr<T> keep_or(bool same, const std::shared_ptr<T>* before, Make make) {
  return same && before != nullptr && *before != nullptr ? *before : std::shared_ptr<T>(make());
}

[[nodiscard]] StoredAnswer answer_of(const config::ValueFallback& value) {
  StoredAnswer::Content content;
  content.status = value.status;
  content.body = value.body;
  content.fields = "Cache-Control: no-store\r\n";  // the way out is for now
  if (!value.body.empty()) content.fields += "Content-Type: " + value.content_type + "\r\n";
  return StoredAnswer{std::move(content)};
}

[[nodiscard]] StoredAnswer accepted(std::uint64_t id) {
  StoredAnswer::Content content;
  content.status = 202;
  content.fields = "Content-Type: application/json\r\nCache-Control: no-store\r\n";
  content.body = boost::json::serialize(boost::json::object{{"status", "queued"}, {"id", id}});
  return StoredAnswer{std::move(content)};
}

[[nodiscard]] bool stores_calls(const config::Policy& policy) noexcept {
  return policy.fallback && std::holds_alternative<CallQueueOptions>(*policy.fallback);
}

[[nodiscard]] bool keeps_answers(const config::Policy& policy) noexcept {
  return policy.cache || (policy.fallback && std::holds_alternative<CachedFallbackOptions>(*policy.fallback));
}

[[nodiscard]] AnswerFallback* make_fallback(const std::string& name, const config::FallbackOptions& options,
                                            CallQueue* queue) {
  if (const auto* value = std::get_if<config::ValueFallback>(&options))
    return new AnswerFallback(AnswerFallback::value(name, answer_of(*value)));
  if (const auto* cached = std::get_if<CachedFallbackOptions>(&options))
    return new AnswerFallback(AnswerFallback::cached(name, *cached));
  if (const auto* fail = std::get_if<config::FailFallback>(&options))
    return new AnswerFallback(AnswerFallback::fail(name, fail->text));
  return new AnswerFallback(AnswerFallback::queue(name, *queue, accepted));
}

}  // namespace

PolicySet::PolicySet(const config::Service& service, const config::Policy& policy,
                     std::shared_ptr<CircuitBreaker> breaker, const PolicySet* before, std::uint64_t seed)
    : service_(service),
      policy_(policy),
      policies_(make(service, policy, std::move(breaker), before, seed)),
      remembers_(keeps_answers(policy)),
      queues_(stores_calls(policy)),
      plain_(plain_with(policies_.fallback.get())),
      plain_bare_(plain_with(nullptr)),
      hedged_(hedged_with(policies_.fallback.get())),
      hedged_bare_(hedged_with(nullptr)) {}

Policies PolicySet::make(const config::Service& service, const config::Policy& policy,
                         std::shared_ptr<CircuitBreaker> breaker, const PolicySet* before,
                         std::uint64_t seed) {
  const std::string& name = service.name;
  const config::Policy none;
  const config::Policy& was = before == nullptr ? none : before->policy_;
  const Policies* old = before == nullptr ? nullptr : &before->policies_;
  // The address identifies the service: answers from another address are not answers of this service.
  const bool same_place = before != nullptr && before->service_.upstream == service.upstream &&
                          before->service_.base_path == service.base_path;
  const auto known = [&](auto Policies::*member) { return old == nullptr ? nullptr : &(old->*member); };

  Policies made;
  made.breaker = std::move(breaker);
  made.timeout = keep_or(was.timeout == policy.timeout, known(&Policies::timeout),
                         [&] { return new Timeout(name, policy.timeout.value_or(config::gateway_timeout)); });
  const bool same_budget = was.retry_budget == policy.retry_budget;
  if (policy.retry_budget)
    made.budget = keep_or(same_budget, known(&Policies::budget),
                          [&] { return new RetryBudget(name, *policy.retry_budget); });
  if (policy.retry)
    made.retry = keep_or(same_budget && was.retry == policy.retry, known(&Policies::retry),
                         [&] { return new Retry(name, *policy.retry, seed, made.budget.get()); });
  if (policy.hedge)
    made.hedge = keep_or(same_budget && was.hedge == policy.hedge, known(&Policies::hedge),
                         [&] { return new Hedge(name, *policy.hedge, made.budget.get()); });
  if (made.hedge)
    made.hedge_wins = keep_or(old != nullptr && old->hedge == made.hedge, known(&Policies::hedge_wins),
                              [] { return new HedgeWins; });
  if (policy.deadline)
    made.deadline = keep_or(was.deadline == policy.deadline, known(&Policies::deadline),
                            [&] { return new Deadline(name, *policy.deadline); });
  if (policy.bulkhead)
    made.bulkhead = keep_or(was.bulkhead == policy.bulkhead, known(&Policies::bulkhead),
                            [&] { return new Bulkhead(name, *policy.bulkhead); });
  if (policy.adaptive_limit)
    made.adaptive_limit =
        keep_or(was.adaptive_limit == policy.adaptive_limit, known(&Policies::adaptive_limit),
                [&] { return new AdaptiveLimit(name, *policy.adaptive_limit); });
  if (policy.rate_limiter)
    made.rate_limiter = keep_or(was.rate_limiter == policy.rate_limiter, known(&Policies::rate_limiter),
                                [&] { return new RateLimiter(name, *policy.rate_limiter); });
  if (policy.chaos)
    made.chaos = keep_or(was.chaos == policy.chaos && was.chaos_seed == policy.chaos_seed && old != nullptr &&
                             old->breaker == made.breaker,
                         known(&Policies::chaos), [&] {
                           return new Chaos(name, *policy.chaos, policy.chaos_seed, made.breaker.get());
                         });
  if (old != nullptr) made.versions = old->versions;
  if (keeps_answers(policy) && !made.versions) made.versions = std::make_shared<UriVersions>();
  if (policy.cache)
    made.cache = keep_or(same_place && was.cache == policy.cache, known(&Policies::cache),
                         [&] { return new AnswerCache(name, *policy.cache); });
  if (old != nullptr) made.queue = old->queue;
  if (policy.fallback) {
    bool same = same_place && was.fallback == policy.fallback;
    if (const auto* queue = std::get_if<CallQueueOptions>(&*policy.fallback)) {
      same = stores_calls(was);
      if (made.queue) {
        made.queue->set_max(queue->max);
      } else {
        made.queue = std::make_shared<CallQueue>(name, *queue);
      }
    }
    made.fallback = keep_or(same, known(&Policies::fallback),
                            [&] { return make_fallback(name, *policy.fallback, made.queue.get()); });
  }
  return made;
}

PlainPipeline PolicySet::plain_with(AnswerFallback* fallback) const noexcept {
  return PlainPipeline{fallback,
                       policies_.cache.get(),
                       policies_.rate_limiter.get(),
                       policies_.bulkhead.get(),
                       policies_.adaptive_limit.get(),
                       policies_.deadline.get(),
                       policies_.retry.get(),
                       policies_.breaker.get(),
                       policies_.timeout.get(),
                       policies_.chaos.get()};
}

HedgedPipeline PolicySet::hedged_with(AnswerFallback* fallback) const noexcept {
  return HedgedPipeline{fallback,
                        policies_.cache.get(),
                        policies_.rate_limiter.get(),
                        policies_.bulkhead.get(),
                        policies_.adaptive_limit.get(),
                        policies_.deadline.get(),
                        policies_.retry.get(),
                        policies_.hedge.get(),
                        policies_.breaker.get(),
                        policies_.timeout.get(),
                        policies_.chaos.get()};
}

}  // namespace switchgear::gateway
