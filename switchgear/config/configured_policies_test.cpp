// A file's policies in a program that makes the calls itself, and what a changed file keeps of them.
#include "switchgear/config/configured_policies.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>

#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::config {
namespace {

using namespace std::chrono_literals;

using Policies = ConfiguredPolicies<int>;

constexpr const char* everything =
    "{preset: core, retry: {budget: {}}, timeout: 2s, deadline: 10s, bulkhead: {max_concurrent: 50}, "
    "rate_limiter: "
    "{rate: 100}, adaptive_limit: {}, admission: {}, hedge: {delay: p95}, cache: {ttl: 5s}, fallback: "
    "{queue: {max: 10}}, "
    "chaos: {}}";

/// Every object that a pipeline borrows.
std::string kept(const Policies& now, const Policies& before) {
  std::string words;
  const auto add = [&](bool same, const char* word) { words += same ? std::string(word) + " " : ""; };
  add(now.breaker() == before.breaker(), "breaker");
  add(now.bulkhead() == before.bulkhead(), "bulkhead");
  add(now.rate_limiter() == before.rate_limiter(), "rate_limiter");
  add(now.retry() == before.retry(), "retry");
  add(now.cache() == before.cache(), "cache");
  add(now.queue() == before.queue(), "queue");
  return words;
}

TEST(ConfiguredPolicies, AreThoseOfTheFile) {
  const Policies all{policy_of(everything)};
  EXPECT_TRUE(all.breaker() && all.bulkhead() && all.rate_limiter() && all.retry() && all.cache() &&
              all.queue());
  EXPECT_EQ(all.breaker()->name(), "p");
  const Policies none{policy_of("{}")};
  EXPECT_FALSE(none.breaker() || none.bulkhead() || none.rate_limiter() || none.retry() || none.cache() ||
               none.queue());
}

TEST(ConfiguredPolicies, AValueNeedsSomethingThatMakesAnAnswerOfIt) {
  const Policy policy = policy_of("{fallback: {value: {body: \"7\"}}}");
  EXPECT_THROW(Policies{policy}, std::invalid_argument);
  EXPECT_NO_THROW((Policies{policy, {}, [](const ValueFallback& value) { return std::stoi(value.body); }}));
}

TEST(ConfiguredPolicies, WhatDidNotChangeIsKeptWithAllItKnows) {
  auto first = std::make_unique<Policies>(policy_of(everything));
  first->breaker()->command(Command::force_open, TimePoint{});
  const Policies again{policy_of(everything), {}, {}, first.get()};
  EXPECT_EQ(kept(again, *first), "breaker bulkhead rate_limiter retry cache queue ");
  first.reset();
  EXPECT_EQ(again.breaker()->state(), State::forced_open) << "it outlives the first";
}

TEST(ConfiguredPolicies, WhatChangedIsExchangedOrMadeAnewWithWhatBorrowsIt) {
  const auto after = [](const std::string& from, const std::string& to) {
    const Policies first{policy_of(everything)};
    std::string changed = everything;
    const Policies next{policy_of(changed.replace(changed.find(from), from.size(), to)), {}, {}, &first};
    return kept(next, first);
  };
  EXPECT_EQ(after("core", "payment"), "bulkhead rate_limiter retry cache queue ");
  EXPECT_EQ(after("budget: {}", "budget: {ratio: 0.5}"), "breaker bulkhead rate_limiter cache queue ");
  EXPECT_EQ(after("ttl: 5s", "ttl: 6s"), "breaker bulkhead rate_limiter retry queue ");
  EXPECT_EQ(after("max: 10", "max: 20"), "breaker bulkhead rate_limiter retry cache queue ");
  EXPECT_EQ(after("timeout: 2s", "timeout: 1s"), "breaker bulkhead rate_limiter retry cache queue ");
}

TEST(ConfiguredPolicies, AQueueKeepsItsCallsWhateverTheFileSaysNext) {
  const Policies first{policy_of("{preset: core, fallback: {queue: {max: 1}}}")};
  ASSERT_TRUE(first.queue()->try_push("one", TimePoint{}));
  const Policies larger{policy_of("{preset: core, fallback: {queue: {max: 2}}}"), {}, {}, &first};
  EXPECT_EQ(larger.queue()->size(), 1U);
  EXPECT_TRUE(larger.queue()->try_push("two", TimePoint{}));
  const Policies without{policy_of("{preset: core, fallback: {fail: sorry}}"), {}, {}, &larger};
  EXPECT_EQ(without.queue()->size(), 2U);
}

TEST(ConfiguredPolicies, AnotherNameIsAnotherPolicy) {
  const Policies first{policy_of(everything)};
  Policy other = policy_of(everything);
  other.name = "q";
  EXPECT_EQ(kept(Policies{other, {}, {}, &first}, first), "");
}

TEST(ConfiguredPolicies, OtherLimitsHoldForTheCallsOfBeforeAndKeepTheirSlots) {
  const Policies first{policy_of(
      "{preset: core, retry: {}, bulkhead: {max_concurrent: 2}, rate_limiter: {rate: 1, burst: 1}}")};
  const auto slot = first.bulkhead()->try_acquire();
  ASSERT_TRUE(first.rate_limiter()->reserve(TimePoint{1h}));
  const Policies next{policy_of("{preset: core, retry: {max_attempts: 7}, bulkhead: {max_concurrent: 1}, "
                                "rate_limiter: {rate: 2, burst: 1}}"),
                      {.now = TimePoint{1h}},
                      &first};
  EXPECT_EQ(next.bulkhead(), first.bulkhead());
  EXPECT_FALSE(first.bulkhead()->try_acquire()) << "the slot that is in use is the only one";
  EXPECT_EQ(next.rate_limiter()->reserve(TimePoint{1h}).rejection().retry_after, 500ms);
  EXPECT_EQ(first.retry()->options().max_attempts, 7U);
}

TEST(ConfiguredPolicies, AreInTheRegistryAndFollowTheFile) {
  PolicyRegistry registry{{}, 7};
  const PolicyContext<int> context{.registry = &registry, .tags = {{"team", "shop"}}};
  const Policies first{policy_of(everything), context, nullptr};
  EXPECT_EQ(registry.get<Retry>("p").get(), first.retry());
  EXPECT_EQ(registry.get<CircuitBreaker>("p").get(), first.breaker());
  EXPECT_EQ(registry.get<Cache<int>>("p").get(), first.cache());
  std::string kinds;
  for (const PolicySnapshot& each : registry.snapshots(TimePoint{})) {
    kinds.append(to_string(each.kind)).append(" ");
    EXPECT_EQ(each.tags, (Tags{{"team", "shop"}})) << to_string(each.kind);
  }
  EXPECT_EQ(kinds,
            "circuit_breaker retry retry_budget hedge timeout deadline bulkhead adaptive_limit admission "
            "rate_limiter cache "
            "fallback queue chaos ");

  first.breaker()->command(Command::force_open, TimePoint{});
  const Policies next{policy_of("{preset: core, timeout: 1s}"), context, &first};
  EXPECT_EQ(next.breaker(), first.breaker());
  EXPECT_EQ(registry.find<Retry>("p"), nullptr) << "the file has it no more";
  EXPECT_EQ(registry.get<Timeout>("p")->length(), 1s);
  const Policies other{policy_of("{preset: payment}"), context, &next};
  EXPECT_EQ(registry.get<CircuitBreaker>("p").get(), other.breaker());
  EXPECT_EQ(other.breaker()->state(), State::closed) << "with other options it is another breaker";
}

TEST(ConfiguredPolicies, APolicyThatAProgramKeptHasItsBudgetBreakerAndQueueAfterAReload) {
  PolicyRegistry registry{{}, 7};
  const PolicyContext<int> context{.registry = &registry};
  auto first = std::make_unique<Policies>(policy_of(everything), context, nullptr);
  const auto retry = registry.get<Retry>("p");
  const auto hedge = first->objects().hedge;
  const auto chaos = registry.get<Chaos>("p");
  const auto fallback = registry.get<Fallback<int>>("p");
  const std::weak_ptr<RetryBudget> budget = first->objects().budget;
  const std::weak_ptr<CircuitBreaker> breaker = first->objects().breaker;
  const std::weak_ptr<CallQueue> queue = first->objects().queue;
  const Policies next{policy_of("{timeout: 1s}"), context, nullptr};
  first.reset();
  registry.breakers().apply({}, TimePoint{});
  EXPECT_EQ(registry.find<RetryBudget>("p"), nullptr);
  EXPECT_FALSE(budget.expired()) << "the retry and the hedge ask it";
  EXPECT_FALSE(breaker.expired()) << "chaos reads its state";
  EXPECT_FALSE(queue.expired()) << "the fallback stores in it";
  Retry::Progress progress;
  EXPECT_TRUE(retry->next_attempt(progress, Outcome::failure(FailureType::timeout, 1ms), TimePoint{1h},
                                  TimePoint::max()));
}

TEST(ConfiguredPolicies, AReloadLongAfterTheStartKeepsTheTokensTakenAndTakesNoOthers) {
  const auto taken = [](const PolicyContext<int>& reused, TimePoint now, const std::string& rate) {
    const Policies first{policy_of("{preset: core, rate_limiter: {rate: 1, burst: 10}}"), reused, nullptr};
    EXPECT_TRUE(first.rate_limiter()->reserve(TimePoint{1s})) << "it counts from here";
    EXPECT_TRUE(first.rate_limiter()->reserve(now));
    const Policies next{policy_of("{preset: core, rate_limiter: {rate: " + rate + ", burst: 10}}"), reused,
                        &first};
    return 10 - next.rate_limiter()->snapshot(now).available;
  };
  for (const char* const rate : {"0.5", "2"}) {
    EXPECT_EQ(taken({.breaker = {.created = TimePoint{1s}}}, std::chrono::steady_clock::now(), rate), 1U);
    EXPECT_EQ(taken({.now = TimePoint{1h}}, TimePoint{1h}, rate), 1U) << "by the program's own clock";
  }
}

TEST(ConfiguredPolicies, WhatCannotBeMadeChangesNoLimitNoBreakerAndNoRegistry) {
  PolicyRegistry registry{{}, 7};
  const PolicyContext<int> context{.registry = &registry};
  const Policies first{
      policy_of("{preset: core, bulkhead: {max_concurrent: 2}, fallback: {queue: {max: 3}}}"), context,
      nullptr};
  const auto refused = [&](const std::string& text, const PolicyContext<int>& with) {
    EXPECT_THROW((Policies{policy_of(text), with, &first}), std::invalid_argument) << text;
    EXPECT_EQ(first.bulkhead()->options().max_concurrent, 2U);
    EXPECT_EQ(first.queue()->options().max, 3U);
    EXPECT_EQ(registry.get<CircuitBreaker>("p").get(), first.breaker());
    EXPECT_EQ(registry.find<Timeout>("p"), nullptr);
  };
  refused("{preset: payment, timeout: 1s, bulkhead: {max_concurrent: 1}, fallback: {value: {body: \"7\"}}}",
          context);
  PolicyContext<int> wrong = context;
  wrong.tags = {{"Not a label", ""}};
  refused("{preset: payment, timeout: 1s, bulkhead: {max_concurrent: 1}, fallback: {queue: {max: 9}}}",
          wrong);
}

}  // namespace
}  // namespace switchgear::config
