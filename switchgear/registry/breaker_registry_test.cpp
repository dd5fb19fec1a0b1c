#include "switchgear/registry/breaker_registry.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

namespace switchgear {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{1h};

CircuitBreakerOptions tripping_after(std::uint32_t failures) {
  CircuitBreakerOptions options;
  options.consecutive_failures = failures;
  return options;
}

void fail_once(CircuitBreaker& breaker, TimePoint now) {
  auto permit = breaker.try_acquire(now);
  ASSERT_TRUE(permit);
  std::move(*permit).record(Outcome::failure(FailureType::timeout, 1ms), now);
}

class LastTransition : public EventSink {
 public:
  void on_transition(const Transition& transition) override {
    breaker = transition.breaker;
    ++seen;
  }
  std::string breaker;
  int seen = 0;
};

TEST(BreakerRegistry, MakesABreakerOnceAndKeepsItsFirstOptions) {
  BreakerRegistry registry{{}, 1};
  const auto first = registry.get_or_create("payment", tripping_after(1), start);
  const auto again = registry.get_or_create("payment", tripping_after(9), start);
  EXPECT_EQ(first, again);
  EXPECT_EQ(again->options(), tripping_after(1));
  EXPECT_EQ(registry.find("payment"), first);
  EXPECT_EQ(registry.find("inventory"), nullptr);
}

TEST(BreakerRegistry, ListsBreakersByName) {
  BreakerRegistry registry{{}, 1};
  for (const char* name : {"payment", "authentication", "inventory"}) {
    (void)registry.get_or_create(name, tripping_after(1), start);
  }
  const auto all = registry.all();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0]->name(), "authentication");
  EXPECT_EQ(all[1]->name(), "inventory");
  EXPECT_EQ(all[2]->name(), "payment");
}

TEST(BreakerRegistry, ReloadKeepsTheObjectAndStateOfAnUnchangedBreaker) {
  BreakerRegistry registry{{}, 1};
  registry.apply({{"changed", tripping_after(1)}, {"gone", tripping_after(1)}, {"same", tripping_after(1)}},
                 start);
  const auto same = registry.find("same");
  const auto changed = registry.find("changed");
  fail_once(*same, start);
  ASSERT_EQ(same->state(), State::open);

  const AppliedOptions done = registry.apply(
      {{"changed", tripping_after(5)}, {"new", tripping_after(1)}, {"same", tripping_after(1)}}, start + 1s);
  EXPECT_EQ(registry.find("same"), same);
  EXPECT_EQ(same->state(), State::open);
  EXPECT_NE(registry.find("changed"), changed);
  EXPECT_EQ(registry.find("changed")->options(), tripping_after(5));
  EXPECT_EQ(registry.find("gone"), nullptr);
  EXPECT_EQ(done.kept, std::vector<std::string>{"same"});
  EXPECT_EQ(done.replaced, std::vector<std::string>{"changed"});
  EXPECT_EQ(done.added, std::vector<std::string>{"new"});
  EXPECT_EQ(done.removed, std::vector<std::string>{"gone"});
}

TEST(BreakerRegistry, ABadReloadChangesNothing) {
  BreakerRegistry registry{{}, 1};
  registry.apply({{"payment", tripping_after(1)}}, start);
  const auto payment = registry.find("payment");
  const CircuitBreakerOptions without_a_trip_rule;
  EXPECT_THROW(registry.apply({{"inventory", tripping_after(1)}, {"payment", without_a_trip_rule}}, start),
               std::invalid_argument);
  EXPECT_EQ(registry.find("payment"), payment);
  EXPECT_EQ(registry.find("inventory"), nullptr);
}

TEST(BreakerRegistry, ListenersHearPresentAndFutureBreakers) {
  BreakerRegistry registry{{}, 1};
  const auto before = registry.get_or_create("before", tripping_after(1), start);
  const auto listener = std::make_shared<LastTransition>();
  registry.events().subscribe(listener);
  const auto after = registry.get_or_create("after", tripping_after(1), start);
  fail_once(*before, start);
  EXPECT_EQ(listener->breaker, "before");
  fail_once(*after, start);
  EXPECT_EQ(listener->breaker, "after");
  EXPECT_EQ(listener->seen, 2);
}

TEST(BreakerRegistry, ABreakerOutlivesTheRegistryForThoseWhoHoldIt) {
  const auto listener = std::make_shared<LastTransition>();
  std::shared_ptr<CircuitBreaker> held;
  {
    BreakerRegistry registry{{}, 1};
    registry.events().subscribe(listener);
    held = registry.get_or_create("payment", tripping_after(1), start);
  }
  fail_once(*held, start);
  EXPECT_EQ(held->state(), State::open);
  EXPECT_EQ(listener->seen, 1);
}

std::optional<Duration> opening(std::uint64_t seed, const char* name) {
  BreakerRegistry registry{{}, seed};
  CircuitBreakerOptions options = tripping_after(1);
  options.jitter = 0.5;
  const auto breaker = registry.get_or_create(name, options, start);
  fail_once(*breaker, start);
  return breaker->snapshot(start).retry_after;
}

TEST(BreakerRegistry, SpreadsTheOpeningsOfItsBreakersButRepeatsThemForTheSameSeed) {
  EXPECT_EQ(opening(7, "payment"), opening(7, "payment"));
  EXPECT_NE(opening(7, "payment"), opening(7, "inventory"));
  EXPECT_NE(opening(7, "payment"), opening(8, "payment"));
}

TEST(BreakerRegistry, ThreadsThatAskAtOnceGetOneBreaker) {
  BreakerRegistry registry{{}, 1};
  std::vector<std::shared_ptr<CircuitBreaker>> got(8);
  {
    std::vector<std::jthread> workers;
    for (auto& place : got) {
      workers.emplace_back([&] { place = registry.get_or_create("payment", tripping_after(1), start); });
    }
  }
  for (const auto& each : got) EXPECT_EQ(each, got.front());
}

}  // namespace
}  // namespace switchgear
