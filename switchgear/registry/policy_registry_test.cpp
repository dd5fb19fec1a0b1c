#include "switchgear/registry/policy_registry.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace switchgear {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{1h};

std::shared_ptr<Retry> retry_of(const std::string& name) {
  return std::make_shared<Retry>(name, RetryOptions{.max_attempts = 2});
}
std::shared_ptr<Bulkhead> bulkhead_of(const std::string& name) {
  return std::make_shared<Bulkhead>(name, BulkheadOptions{.max_concurrent = 1});
}

/// What `f` throws as std::invalid_argument.
template <class F>
std::string sentence_of(F f) {
  try {
    f();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "nothing was thrown";
}

class Counting final : public EventSink {
 public:
  void on_transition(const Transition&) override { ++transitions; }
  void on_retry(const RetryEvent& event) override { retries.emplace_back(event.policy); }
  void on_rejected(const RejectedEvent& event) override { rejected.emplace_back(event.policy); }
  int transitions = 0;
  std::vector<std::string> retries, rejected;
};

void fail_once(Retry& retry) {
  Retry::Progress progress;
  (void)retry.next_attempt(progress, Outcome::failure(FailureType::timeout, 1ms), start, TimePoint::max());
}

TEST(PolicyRegistry, FindsEveryPolicyByKindAndName) {
  PolicyRegistry registry{{}, 1};
  const auto retry = registry.add(retry_of("payment"));
  const auto bulkhead = registry.add(bulkhead_of("payment"));
  const auto cache = registry.add(std::make_shared<Cache<int>>("prices", CacheOptions{}));
  const auto breaker = registry.breakers().get_or_create("payment", {.consecutive_failures = 3}, start);
  EXPECT_EQ(registry.get<Retry>("payment"), retry);
  EXPECT_EQ(registry.get<Bulkhead>("payment"), bulkhead);
  EXPECT_EQ(registry.get<Cache<int>>("prices"), cache);
  EXPECT_EQ(registry.get<CircuitBreaker>("payment"), breaker);
  EXPECT_EQ(registry.find<Hedge>("payment"), nullptr);
}

TEST(PolicyRegistry, SaysWhatThereIsInsteadOfWhatWasAskedFor) {
  PolicyRegistry registry{{}, 1};
  EXPECT_EQ(sentence_of([&] { (void)registry.get<Retry>("payment"); }),
            "registry: no retry is called 'payment'; it holds none");
  registry.add(retry_of("payment"));
  registry.add(retry_of("search"));
  registry.add(std::make_shared<Cache<int>>("prices", CacheOptions{}));
  (void)registry.breakers().get_or_create("payment", {.consecutive_failures = 3}, start);
  EXPECT_EQ(sentence_of([&] { (void)registry.get<Retry>("paymnt"); }),
            "registry: no retry is called 'paymnt'; it holds 'payment', 'search'");
  EXPECT_EQ(sentence_of([&] { (void)registry.get<Bulkhead>("payment"); }),
            "registry: no bulkhead is called 'payment'; the policies of that name: circuit_breaker, retry");
  EXPECT_EQ(sentence_of([&] { (void)registry.get<CircuitBreaker>("search"); }),
            "registry: no circuit_breaker is called 'search'; the policies of that name: retry");
  EXPECT_EQ(sentence_of([&] { (void)registry.get<Cache<std::string>>("prices"); }),
            "registry: the cache 'prices' keeps answers of another type");
  EXPECT_EQ(sentence_of([&] { registry.add(retry_of("payment")); }),
            "registry: a retry is called 'payment' already");
  EXPECT_EQ(sentence_of([&] { registry.add(std::shared_ptr<Hedge>{}); }),
            "registry: a pointer to a hedge is null");
}

TEST(PolicyRegistry, SharesAPolicyThatOutlivesIt) {
  std::shared_ptr<Retry> kept;
  {
    PolicyRegistry registry{{}, 1};
    const auto listener = std::make_shared<Counting>();
    registry.events().subscribe(listener, Interest::retries);
    kept = registry.add(retry_of("payment"));
    EXPECT_TRUE(registry.remove(PolicyKind::retry, "payment"));
    EXPECT_FALSE(registry.remove(PolicyKind::retry, "payment"));
    registry.add(kept);
  }
  fail_once(*kept);
  EXPECT_EQ(kept->totals().retries, 1U);
  EXPECT_FALSE(kept->events().wants(Interest::everything)) << "it has no listener left";
}

TEST(PolicyRegistry, TellsOneListenerWhatHappensToPoliciesOfEveryKind) {
  PolicyRegistry registry{{}, 1};
  const auto early = registry.add(retry_of("early"));
  const auto listener = std::make_shared<Counting>();
  registry.events().subscribe(listener, Interest::everything);
  const auto late = registry.add(retry_of("late"));
  const auto bulkhead = registry.add(bulkhead_of("slots"));
  const auto breaker = registry.breakers().get_or_create("payment", {.consecutive_failures = 3}, start);
  fail_once(*early);
  fail_once(*late);
  const auto slot = bulkhead->try_acquire(start);
  (void)bulkhead->try_acquire(start);
  breaker->command(Command::force_open, start);
  (void)breaker->try_acquire(start);
  EXPECT_EQ(listener->retries, (std::vector<std::string>{"early", "late"}));
  EXPECT_EQ(listener->rejected, (std::vector<std::string>{"slots", "payment"}));
  EXPECT_EQ(listener->transitions, 1);

  registry.remove(PolicyKind::retry, "late");
  fail_once(*late);
  registry.events().unsubscribe(listener);
  fail_once(*early);
  EXPECT_EQ(listener->retries.size(), 2U);
  EXPECT_FALSE(early->events().wants(Interest::everything));
}

TEST(PolicyRegistry, ListsTheTotalsOfEveryPolicyWithItsTags) {
  PolicyRegistry registry{{}, 1};
  const auto retry = registry.add(retry_of("payment"), {{"team", "checkout"}});
  (void)registry.breakers().get_or_create("payment", {.consecutive_failures = 3}, start);
  EXPECT_TRUE(registry.tag(PolicyKind::circuit_breaker, "payment", {{"team", "checkout"}}));
  EXPECT_FALSE(registry.tag(PolicyKind::hedge, "payment", {}));
  registry.add(std::make_shared<RetryBudget>("a"));
  fail_once(*retry);
  const auto list = registry.snapshots(start);
  ASSERT_EQ(list.size(), 3U);
  EXPECT_EQ(list[0].kind, PolicyKind::retry_budget);
  EXPECT_EQ(list[1].kind, PolicyKind::circuit_breaker);
  EXPECT_EQ(list[1].tags, (Tags{{"team", "checkout"}}));
  EXPECT_EQ(list[2].name, "payment");
  EXPECT_EQ(list[2].tags, (Tags{{"team", "checkout"}}));
  EXPECT_EQ(list[2].totals.front(), (NamedCount{"retries", {}, 1}));
  EXPECT_EQ(list[2].totals.back(), (NamedCount{"given_up", "declined", 0}));
}

TEST(PolicyRegistry, RefusesTagsThatNoMetricCouldCarry) {
  PolicyRegistry registry{{}, 1};
  const auto problem = [&](Tags tags) {
    return sentence_of([&] { registry.add(retry_of("payment"), std::move(tags)); });
  };
  EXPECT_EQ(
      problem({{"Team", "x"}}),
      "retry 'payment': tags: the key 'Team' is not 1 to 64 of a-z, 0-9 and _, beginning with a letter");
  EXPECT_NE(problem({{"", "x"}}), "nothing was thrown");
  EXPECT_NE(problem({{"team", "a\nb"}}), "nothing was thrown");
  EXPECT_NE(problem({{"team", std::string(257, 'x')}}), "nothing was thrown");
  Tags many;
  for (int i = 0; i < 17; ++i) many.emplace("k" + std::to_string(i), "");
  EXPECT_NE(problem(many), "nothing was thrown");
  EXPECT_EQ(registry.find<Retry>("payment"), nullptr) << "all or nothing";
  many.erase("k0");
  EXPECT_EQ(problem(many), "nothing was thrown");
}

TEST(PolicyRegistry, PutsAPolicyInThePlaceOfTheOneWithItsName) {
  PolicyRegistry registry{{}, 1};
  const auto listener = std::make_shared<Counting>();
  registry.events().subscribe(listener, Interest::retries);
  const auto first = registry.add(retry_of("payment"), {{"a", "1"}});
  const auto second = registry.replace(retry_of("payment"));
  fail_once(*first);
  fail_once(*second);
  registry.replace(second, {{"b", "2"}});
  fail_once(*second);
  EXPECT_EQ(listener->retries.size(), 2U) << "of the second alone";
  EXPECT_EQ(registry.snapshots(start).front().tags, (Tags{{"b", "2"}}));
}

TEST(PolicyRegistry, HearsAPolicyThatWasAddedAgainWhileAReaderHeldItsOldEntry) {
  const auto everybody = std::make_shared<EventFanout>();
  const auto listener = std::make_shared<Counting>();
  everybody->subscribe(listener, Interest::retries);
  const auto retry = retry_of("payment");
  auto held = std::make_unique<detail::Registered<Retry>>(retry, everybody, Tags{});
  held->detach();
  fail_once(*retry);
  EXPECT_EQ(listener->retries.size(), 0U) << "it was taken out, although a reader holds the entry";
  const detail::Registered<Retry> again{retry, everybody, Tags{}};
  fail_once(*retry);
  EXPECT_EQ(listener->retries.size(), 1U);
  held.reset();
  fail_once(*retry);
  EXPECT_EQ(listener->retries.size(), 2U) << "the old entry ended, not the new one";
}

TEST(PolicyRegistry, DoesNotGiveTheTagsOfATenantThatLeftToTheNextOfItsName) {
  PolicyRegistry registry{{}, 1, {.max_idle = 1s}};
  const CircuitBreakerOptions options{.consecutive_failures = 3};
  BreakerRegistry& breakers = registry.breakers();
  const auto tags = [&] { return registry.snapshots(start).front().tags; };
  const Tags checkout{{"team", "checkout"}};

  (void)breakers.get_or_create_keyed("tenant", options, start);
  ASSERT_TRUE(registry.tag(PolicyKind::circuit_breaker, "tenant", checkout));
  EXPECT_EQ(tags(), checkout);
  ASSERT_EQ(breakers.retire_idle(start + 1min), 1U);
  (void)breakers.get_or_create_keyed("tenant", options, start + 1min);
  EXPECT_EQ(tags(), Tags{});

  ASSERT_TRUE(registry.tag(PolicyKind::circuit_breaker, "tenant", checkout));
  (void)breakers.put("tenant", {.consecutive_failures = 4}, start);
  EXPECT_EQ(tags(), checkout) << "one that takes its place has them";
  breakers.apply({}, start);
  (void)breakers.get_or_create("tenant", options, start);
  EXPECT_EQ(tags(), Tags{}) << "it was left out and came again";
}

TEST(PolicyRegistry, IsUsedByThreadsThatComeAndGo) {
  PolicyRegistry registry{{}, 1};
  const auto listener = std::make_shared<EventFanout>();  // takes any event from any thread
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, name = "retry " + std::to_string(thread)] {
      for (int i = 0; i < 300; ++i) {
        const auto mine = registry.add(retry_of(name));
        registry.events().subscribe(listener, i % 2 == 0 ? Interest::retries : Interest::transitions);
        fail_once(*mine);
        EXPECT_EQ(registry.get<Retry>(name), mine);
        EXPECT_LE(registry.snapshots(start).size(), 4U);
        EXPECT_TRUE(registry.remove(PolicyKind::retry, name));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(registry.snapshots(start).empty());
}

}  // namespace
}  // namespace switchgear
