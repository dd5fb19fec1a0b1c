#include "switchgear/registry/breaker_registry.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
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

class Hearing : public EventSink {
 public:
  void on_transition(const Transition&) override { ++transitions; }
  void on_rejection(const RejectionEvent&) override { ++rejections; }
  void on_call(const CallEvent& call) override { ++calls[static_cast<std::size_t>(call.verdict)]; }
  int transitions = 0;
  int rejections = 0;
  std::array<int, 3> calls{};  ///< by verdict
};

void succeed_once(CircuitBreaker& breaker, TimePoint now) {
  auto permit = breaker.try_acquire(now);
  ASSERT_TRUE(permit);
  std::move(*permit).record(Verdict::success, now);
}

TEST(BreakerRegistry, AListenerOfOneBreakerHearsThatOneAlone) {
  BreakerRegistry registry{{}, 1};
  const auto payment = registry.get_or_create("payment", tripping_after(1), start);
  const auto inventory = registry.get_or_create("inventory", tripping_after(1), start);
  const auto theirs = std::make_shared<Hearing>();
  const auto everybodys = std::make_shared<Hearing>();
  EXPECT_FALSE(registry.subscribe("nobody", theirs));
  ASSERT_TRUE(registry.subscribe("payment", theirs, Interest::everything));
  registry.events().subscribe(everybodys, Interest::transitions);
  for (const auto& breaker : {payment, inventory}) {
    succeed_once(*breaker, start);
    { auto dropped = breaker->try_acquire(start); }
    fail_once(*breaker, start);
    EXPECT_FALSE(breaker->try_acquire(start));
  }
  EXPECT_EQ(theirs->transitions, 1);
  EXPECT_EQ(theirs->rejections, 1);
  EXPECT_EQ(theirs->calls, (std::array{1, 1, 1}));
  EXPECT_EQ(everybodys->transitions, 2);
  EXPECT_EQ(everybodys->calls, (std::array{0, 0, 0}));
  registry.unsubscribe("payment", theirs);
  registry.reset_all(start);
  succeed_once(*payment, start);
  EXPECT_EQ(theirs->transitions, 1);
  EXPECT_EQ(theirs->calls, (std::array{1, 1, 1}));
}

TEST(BreakerRegistry, AListenerForFailuresOfAllHearsThoseOfPresentAndFutureBreakers) {
  BreakerRegistry registry{{}, 1};
  const auto before = registry.get_or_create("before", tripping_after(9), start);
  const auto listener = std::make_shared<Hearing>();
  registry.events().subscribe(listener, Interest::failures);
  const auto after = registry.get_or_create("after", tripping_after(9), start);
  for (const auto& breaker : {before, after}) {
    succeed_once(*breaker, start);
    fail_once(*breaker, start);
  }
  EXPECT_EQ(listener->calls, (std::array{0, 2, 0}));
  EXPECT_EQ(listener->transitions, 0) << "it did not ask for them";
  registry.events().unsubscribe(listener);
  fail_once(*before, start);
  EXPECT_EQ(listener->calls, (std::array{0, 2, 0}));
}

TEST(BreakerRegistry, ListenersOfABreakerMoveOnToTheOneThatReplacesIt) {
  BreakerRegistry registry{{}, 1};
  registry.apply({{"payment", tripping_after(1)}}, start);
  const auto listener = std::make_shared<Hearing>();
  registry.subscribe("payment", listener, Interest::transitions | Interest::failures);
  registry.apply({{"payment", tripping_after(2)}}, start);
  const auto payment = registry.find("payment");
  fail_once(*payment, start);
  fail_once(*payment, start);
  EXPECT_EQ(listener->transitions, 1);
  EXPECT_EQ(listener->calls, (std::array{0, 2, 0}));
}

TEST(BreakerRegistry, CommandsOneBreakerByNameAndAllAtOnce) {
  BreakerRegistry registry{{}, 1};
  const auto payment = registry.get_or_create("payment", tripping_after(1), start);
  const auto tenant = registry.get_or_create_keyed("tenant", tripping_after(1), start);
  EXPECT_FALSE(registry.command("nobody", Command::force_open, start));
  EXPECT_TRUE(registry.command("payment", Command::force_open, start));
  EXPECT_TRUE(registry.command("tenant", Command::disable, start));
  EXPECT_EQ(payment->state(), State::forced_open);
  EXPECT_EQ(tenant->state(), State::disabled);
  registry.reset_all(start);
  EXPECT_EQ(payment->state(), State::closed);
  EXPECT_EQ(tenant->state(), State::closed);
}

TEST(BreakerRegistry, ShowsAllAtOnceWhileTheyAreCalled) {
  BreakerRegistry registry{{}, 1};
  const auto payment = registry.get_or_create("payment", tripping_after(1), start);
  const auto tenant = registry.get_or_create_keyed("a tenant", tripping_after(1), start);
  fail_once(*payment, start);
  succeed_once(*tenant, start);
  auto in_flight = tenant->try_acquire(start);
  const auto seen = registry.snapshots(start);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].name, "a tenant");
  EXPECT_EQ(seen[0].snapshot.totals.calls, 2U);
  EXPECT_EQ(seen[0].snapshot.totals.successes, 1U);
  EXPECT_EQ(seen[1].name, "payment");
  EXPECT_EQ(seen[1].snapshot.state, State::open);
}

TEST(BreakerRegistry, HearsOfEveryCallFromTheMomentOfSubscribingWhileThreadsCall) {
  BreakerRegistry registry{{}, 1};
  class Counting : public EventSink {
   public:
    void on_transition(const Transition&) override {}
    void on_call(const CallEvent&) override { calls.fetch_add(1, std::memory_order_relaxed); }
    std::atomic<std::uint64_t> calls{0};
  };
  const auto one = registry.get_or_create("one", tripping_after(1), start);
  const auto throughout = std::make_shared<Counting>();
  registry.subscribe("one", throughout, Interest::calls);
  constexpr int each = 5'000;
  {
    std::vector<std::jthread> workers;
    for (int t = 0; t < 2; ++t) {
      workers.emplace_back([&] {
        for (int i = 0; i < each; ++i) succeed_once(*one, start);
      });
    }
    for (int i = 0; i < 200; ++i) {
      const auto passing = std::make_shared<Counting>();
      registry.events().subscribe(passing, Interest::calls);
      registry.events().unsubscribe(passing);
    }
  }
  EXPECT_EQ(throughout->calls, std::uint64_t{2} * each)
      << "listeners that come and go do not end another's subscription";
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

TEST(BreakerRegistry, DoesNotForgetAnOpeningOverARestart) {
  const WallAnchor::Wall noon{1'764'158'400s};
  BreakerRegistry before{{}, 1};
  fail_once(*before.get_or_create("payment", tripping_after(1), start), start);
  fail_once(*before.get_or_create_keyed("search/tenant", tripping_after(1), start), start);
  (void)before.get_or_create("mail", tripping_after(1), start);
  const std::string text = to_text(before.save({start + 1s, noon}));

  BreakerRegistry after{{}, 2};
  const TimePoint now{5s};  // another process, on a machine that has just been started
  const auto payment = after.get_or_create("payment", tripping_after(1), now);
  const auto mail = after.get_or_create("mail", tripping_after(1), now);
  const auto listener = std::make_shared<LastTransition>();
  after.events().subscribe(listener);
  const SavedBreakersRead saved = read_saved_breakers(text);
  EXPECT_EQ(after.restore(saved.breakers, {now, noon + 2s}), std::vector<std::string>{"search/tenant"});
  EXPECT_EQ(payment->try_acquire(now).rejection().retry_after, 27s) << "of 30 s";
  EXPECT_EQ(mail->state(), State::closed);
  EXPECT_EQ(listener->breaker, "payment");
  EXPECT_EQ(listener->seen, 1);

  const auto tenant = after.get_or_create_keyed("search/tenant", tripping_after(1), now);
  EXPECT_TRUE(after.restore(saved.breakers, {now, noon + 2s}).empty());
  EXPECT_EQ(tenant->state(), State::open);
}

}  // namespace
}  // namespace switchgear
