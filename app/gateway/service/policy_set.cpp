#include "app/gateway/service/policy_set.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "switchgear/config/config.hpp"
#include "switchgear/http/event_loop.hpp"

namespace switchgear::gateway {

namespace {

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

[[nodiscard]] bool shares_instance(const config::Service& before, const config::Service& after) {
  return std::ranges::any_of(after.upstreams, [&](const config::Upstream& wanted) {
    return std::ranges::find(before.upstreams, wanted.at, &config::Upstream::at) != before.upstreams.end();
  });
}

[[nodiscard]] config::PolicyContext<StoredAnswer> context_of(const config::Service& service,
                                                             const std::string& route_policy,
                                                             PolicyRegistry& registry, Breakers breakers,
                                                             const PolicySet* before, std::uint64_t seed) {
  // An address stands for what is there: answers of other addresses are not answers of these.
  const bool moved = before == nullptr || !shares_instance(before->service(), service) ||
                     before->service().base_path != service.base_path;
  return {.name = PolicySet::name_of(service.name, route_policy),
          .breaker = {.seed = seed, .created = http::EventLoop::now()},
          .shared_breaker = std::move(breakers.own),
          .outer_breaker = std::move(breakers.outer),
          .by_value = std::move(breakers.by_value),
          .timeout = config::gateway_timeout,
          .value = answer_of,
          .accepted = accepted,
          .answers = moved ? config::Answers::forgotten : config::Answers::kept,
          .registry = &registry,
          .tags = {{"policy", route_policy.empty() ? service.policy : route_policy}}};
}

[[nodiscard]] std::shared_ptr<HedgeWins> wins_of(const GatewayPolicies::Objects& has,
                                                 const PolicySet* before) {
  if (!has.hedge) return nullptr;
  if (before != nullptr && before->policies().hedge == has.hedge) return before->hedge_wins();
  return std::make_shared<HedgeWins>();
}

[[nodiscard]] std::shared_ptr<UriVersions> versions_of(const config::Policy& policy,
                                                       const PolicySet* before) {
  if (before != nullptr && before->versions()) return before->versions();
  return keeps_answers(policy) ? std::make_shared<UriVersions>() : nullptr;
}

/// A quarter of the time is left for the timer, and for calls that alternate between client and service.
[[nodiscard]] Duration told_within_of(const GatewayPolicies::Objects& has) {
  Duration least = Duration::max();
  const auto consider = [&least](const CircuitBreakerOptions& breaker) {
    least = std::min(least, breaker.half_open.max_wait);
    if (breaker.stuck_calls) least = std::min(least, breaker.stuck_calls->older_than);
  };
  if (has.outer_breaker) consider(has.outer_breaker->options());
  if (has.breaker) consider(has.breaker->options());
  if (has.by_value) consider(has.by_value->breaker_options());
  return least / 4 * 3;
}

}  // namespace

PolicySet::PolicySet(const config::Service& service, const std::string& route_policy,
                     const config::Policy& policy, PolicyRegistry& registry, Breakers breakers,
                     const PolicySet* before, std::uint64_t seed)
    : service_(service),
      route_policy_(route_policy),
      policies_(policy, context_of(service, route_policy, registry, std::move(breakers), before, seed),
                before == nullptr ? nullptr : &before->policies_),
      hedge_wins_(wins_of(policies_.objects(), before)),
      versions_(versions_of(policy, before)),
      remembers_(keeps_answers(policy)),
      queues_(stores_calls(policy)),
      holds_streams_(policy.bulkhead_holds_streams),
      told_within_(told_within_of(policies_.objects())),
      plain_(policies_.pipeline()),
      plain_bare_(policies_.pipeline(config::WithFallback::no)),
      hedged_(policies_.racing_pipeline()),
      hedged_bare_(policies_.racing_pipeline(config::WithFallback::no)) {}

bool PolicySet::probes(std::string_view value, TimePoint now) const {
  const auto is_over = [](const std::optional<Duration>& left) {
    return left.value_or(Duration::zero()) <= Duration::zero();
  };
  const auto asks = [&](const std::shared_ptr<CircuitBreaker>& breaker) {
    if (!breaker) return false;
    const State state = breaker->state();
    return state == State::half_open || (state == State::open && is_over(breaker->snapshot(now).retry_after));
  };
  if (asks(policies().breaker) || asks(policies().outer_breaker)) return true;
  if (!policies().by_value || value.empty()) return false;
  const auto seen = policies().by_value->find(value, now);
  if (!seen) return false;
  return seen->state == State::half_open || (seen->state == State::open && is_over(seen->retry_after));
}

bool PolicySet::wait_for_verdict(std::string_view value, TimePoint begun, TimePoint now) const {
  const auto waits = [begun](const BreakerSnapshot& seen) {
    return seen.state == State::half_open && seen.since <= begun;
  };
  for (const auto& breaker : {policies().breaker, policies().outer_breaker}) {
    if (breaker && waits(breaker->snapshot(now))) return true;
  }
  if (!policies().by_value || value.empty()) return false;
  const auto seen = policies().by_value->find(value, now);
  return seen && waits(*seen);
}

Rejection PolicySet::named(Rejection rejection, std::string_view value, std::string& name) const {
  const BreakersByValue* by_value = policies().by_value.get();
  if (by_value == nullptr || rejection.policy.data() != by_value->name().data()) return rejection;
  name = by_value->breaker_name(value);
  rejection.policy = name;
  return rejection;
}

}  // namespace switchgear::gateway
