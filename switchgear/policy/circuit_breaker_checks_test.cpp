// Answers of an active health check: they open a closed breaker and end an opening, and are no calls.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "switchgear/policy/breaker_fixture.hpp"

namespace switchgear {
namespace {

constexpr HealthRows three_and_two{3, 2};

/// One breaker that is told of checks.
class CheckedBench : public Bench {
 public:
  explicit CheckedBench(const CircuitBreakerOptions& options = simple()) : Bench(options) {}

  void good(int times = 1) { tell(CheckAnswer::good, times); }
  void bad(int times = 1) { tell(CheckAnswer::bad, times); }
  [[nodiscard]] const Transition& last() const { return events.transitions.back(); }

 private:
  void tell(CheckAnswer answer, int times) {
    for (int i = 0; i < times; ++i) breaker.on_check(answer, three_and_two, time.now());
  }
};

TEST(CheckedBreaker, OpensOnceThereAreEnoughBadAnswersInARow) {
  CheckedBench bench;
  bench.bad(2);
  EXPECT_EQ(bench.state(), State::closed);
  bench.good();
  bench.bad(2);
  EXPECT_EQ(bench.state(), State::closed) << "a good answer ends the row";
  bench.bad();
  EXPECT_EQ(bench.state(), State::open);
  EXPECT_EQ(bench.last().rule, Rule::health_check);
  EXPECT_EQ(bench.last().from, State::closed);
  EXPECT_EQ(bench.last().value, 3);
  EXPECT_EQ(bench.last().threshold, 3);
  EXPECT_FALSE(bench.acquire()) << "no call had to fail first";
}

TEST(CheckedBreaker, AnOpeningEndsEarlyInHalfOpenAndOnlyCallsCloseIt) {
  CheckedBench bench;
  bench.fail(2);
  ASSERT_EQ(bench.state(), State::open);
  bench.time.advance(1s);
  bench.good();
  EXPECT_EQ(bench.state(), State::open);
  bench.good();
  EXPECT_EQ(bench.state(), State::half_open) << "nine seconds before its end";
  EXPECT_EQ(bench.last().rule, Rule::health_check);
  EXPECT_EQ(bench.last().value, 2);
  bench.good(100);
  EXPECT_EQ(bench.state(), State::half_open) << "a check is no proof that calls work";
  EXPECT_TRUE(bench.succeed());
  EXPECT_TRUE(bench.succeed());
  EXPECT_EQ(bench.state(), State::closed);
}

TEST(CheckedBreaker, GoodAnswersFromBeforeAnOpeningDoNotEndIt) {
  CheckedBench bench;
  bench.good(100);  // a check that looks at less than the calls need
  bench.fail(2);
  bench.good();
  EXPECT_EQ(bench.state(), State::open);
  bench.bad();
  bench.good();
  EXPECT_EQ(bench.state(), State::open) << "not in a row";
}

TEST(CheckedBreaker, BadAnswersFromBeforeItClosedDoNotOpenItAgain) {
  CheckedBench bench;
  bench.bad(5);
  ASSERT_EQ(bench.state(), State::open);
  bench.time.advance(10s);
  bench.succeed(2);
  ASSERT_EQ(bench.state(), State::closed);
  bench.bad(2);
  EXPECT_EQ(bench.state(), State::closed);
  bench.bad();
  EXPECT_EQ(bench.state(), State::open);
  EXPECT_EQ(bench.snapshot().relapses, 0U) << "it had been closed";
}

TEST(CheckedBreaker, BadAnswersDoNotLengthenAnOpeningNorRelapseAHalfOpen) {
  CheckedBench bench;
  bench.fail(2);
  bench.time.advance(9s);
  bench.bad(10);
  EXPECT_EQ(bench.snapshot().retry_after, std::optional<Duration>{1s});
  bench.time.advance(1s);
  auto probe = bench.acquire();
  ASSERT_TRUE(probe);
  bench.bad(10);
  EXPECT_EQ(bench.state(), State::half_open);
}

TEST(CheckedBreaker, ChecksAreInNoWindowAndInNoTotal) {
  CircuitBreakerOptions options = simple();
  options.failure_rate = 0.5;
  CheckedBench bench{options};
  bench.succeed(3);
  bench.bad(2);
  bench.good(2);
  const BreakerSnapshot seen = bench.snapshot();
  EXPECT_EQ(seen.totals.calls, 3U);
  EXPECT_EQ(seen.totals.failures, 0U);
  EXPECT_EQ(seen.window.calls, 3U);
  EXPECT_EQ(seen.window.failures, 0U);
  EXPECT_EQ(seen.window.consecutive_failures, 0U);
}

TEST(CheckedBreaker, LeavesWhatAnOperatorHasSet) {
  for (const Command command : {Command::force_open, Command::disable}) {
    CheckedBench bench;
    bench.command(command);
    const State set = bench.state();
    bench.good(10);
    bench.bad(10);
    EXPECT_EQ(bench.state(), set);
    bench.command(Command::reset);
    bench.bad(2);
    EXPECT_EQ(bench.state(), State::closed) << "the row begins with the command";
  }
}

TEST(CheckedBreaker, InMetricsOnlyItOpensAndStillRefusesNothing) {
  CheckedBench bench;
  bench.command(Command::metrics_only);
  bench.bad(3);
  EXPECT_EQ(bench.state(), State::open);
  EXPECT_TRUE(bench.acquire());
  EXPECT_EQ(bench.snapshot().totals.would_reject, 1U);
  bench.good(2);
  EXPECT_EQ(bench.state(), State::half_open);
}

TEST(CheckedBreaker, AQuietServiceThatRecoversIsHalfOpenWithoutACall) {
  CheckedBench bench;
  bench.fail(2);
  bench.time.advance(1h);  // nothing calls it: without a check, it stays open
  EXPECT_EQ(bench.state(), State::open);
  bench.good(2);
  EXPECT_EQ(bench.state(), State::half_open);
  EXPECT_EQ(bench.last().at, bench.time.now());
}

TEST(CheckedBreaker, WhatWasDueByItselfComesFirst) {
  CircuitBreakerOptions options = simple();
  options.probe_automatically = true;
  CheckedBench bench{options};
  bench.fail(2);
  bench.time.advance(11s);
  bench.good(2);
  EXPECT_EQ(bench.last().rule, Rule::open_duration);
  EXPECT_EQ(bench.events.transitions.size(), 2U);
}

TEST(CheckedBreaker, AFlappingCheckMovesNothing) {
  CheckedBench bench;
  for (int i = 0; i < 100; ++i) {
    bench.bad();
    bench.good();
  }
  EXPECT_TRUE(bench.events.transitions.empty());
}

TEST(CheckedBreaker, EveryTransitionComesOnceThoughCallsAndChecksMeet) {
  CheckedBench bench;
  std::atomic<bool> over{false};
  std::vector<std::thread> callers;
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([&] {
      while (!over) bench.call(bench.breaker.state() == State::closed ? Verdict::failure : Verdict::success);
    });
  }
  for (int i = 0; i < 20'000; ++i) i % 10 < 5 ? bench.bad() : bench.good();
  over = true;
  for (std::thread& caller : callers) caller.join();
  const BreakerSnapshot seen = bench.snapshot();
  EXPECT_EQ(seen.totals.calls, seen.totals.successes + seen.totals.failures + seen.totals.ignored);
  EXPECT_EQ(bench.events.transitions.size(),
            seen.totals.opened + seen.totals.half_opened + seen.totals.closed);
}

}  // namespace
}  // namespace switchgear
