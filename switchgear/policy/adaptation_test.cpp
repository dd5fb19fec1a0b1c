#include "switchgear/policy/adaptation.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <thread>

#include "switchgear/policy/breaker_fixture.hpp"

namespace switchgear {
namespace {

/// The defaults of semantics.md, but for 10 samples in place of 50.
CircuitBreakerOptions adaptive(std::uint32_t failures = 5, Duration opening = 30s) {
  CircuitBreakerOptions options;
  options.consecutive_failures = failures;
  options.open_duration = opening;
  options.max_open_duration = 1h;
  options.adaptive.emplace().samples = 10;
  return options;
}

/// Ten samples, of which so many failed; the others took that long.
AdaptedFigures after(const CircuitBreakerOptions& options, int failed, Duration latency = 500ms) {
  Adaptation adaptation{options};
  for (int i = 0; i < 10; ++i) (void)adaptation.add(i < failed, latency);
  return adaptation.figures();
}

TEST(Adaptation, LowersAndRaisesTheRowByTheShareOfFailures) {
  EXPECT_EQ(after(adaptive(5), 6).consecutive_failures, 3U);
  EXPECT_EQ(after(adaptive(5), 5).consecutive_failures, 5U) << "not above one half";
  EXPECT_EQ(after(adaptive(5), 1).consecutive_failures, 5U) << "not below a tenth";
  EXPECT_EQ(after(adaptive(5), 0).consecutive_failures, 7U);
}

TEST(Adaptation, StaysWithinItsLimitsAndOnTheRightSideOfTheOptions) {
  EXPECT_EQ(after(adaptive(3), 10).consecutive_failures, 2U);
  EXPECT_EQ(after(adaptive(1), 10).consecutive_failures, 1U) << "lowering never raises";
  EXPECT_EQ(after(adaptive(9), 0).consecutive_failures, 10U);
  EXPECT_EQ(after(adaptive(12), 0).consecutive_failures, 12U) << "raising never lowers";
  EXPECT_EQ(after(adaptive(5, 30s), 0, 1001ms).open_duration, 45s);
  EXPECT_EQ(after(adaptive(5, 30s), 0, 1s).open_duration, 30s) << "not above";
  EXPECT_EQ(after(adaptive(5, 30s), 0, 200ms).open_duration, 30s) << "not below";
  EXPECT_EQ(after(adaptive(5, 30s), 0, 199ms).open_duration, 24s);
  EXPECT_EQ(after(adaptive(5, 250s), 0, 2s).open_duration, 300s);
  EXPECT_EQ(after(adaptive(5, 400s), 0, 2s).open_duration, 400s);
  EXPECT_EQ(after(adaptive(5, 11s), 0, 1ms).open_duration, 10s);
  EXPECT_EQ(after(adaptive(5, 4s), 0, 1ms).open_duration, 4s);
  EXPECT_EQ(after(adaptive(5, 30s), 10, 2s).open_duration, 30s) << "no success says how long they take";
}

TEST(Adaptation, MeansOnlyTheLatencyOfSuccesses) {
  const CircuitBreakerOptions options = adaptive();
  Adaptation adaptation{options};
  for (int i = 0; i < 10; ++i) (void)adaptation.add(i % 2 == 0, i % 2 == 0 ? Duration{1h} : Duration{100ms});
  EXPECT_EQ(adaptation.figures().mean_latency, 100ms);
  EXPECT_EQ(adaptation.figures().open_duration, 24s);
}

TEST(Adaptation, WaitsForItsSamplesAndForgetsTheOldest) {
  const CircuitBreakerOptions options = adaptive();
  Adaptation adaptation{options};
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(adaptation.add(true, 0ns)) << i;
  EXPECT_EQ(adaptation.consecutive_failures(), 5U);
  const auto changed = adaptation.add(true, 0ns);
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->consecutive_failures, 3U);
  EXPECT_EQ(changed->failure_rate, 1.0);
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(adaptation.add(false, 500ms)) << i;
  EXPECT_TRUE(adaptation.add(false, 500ms)) << "five of ten";
  EXPECT_EQ(adaptation.consecutive_failures(), 5U);
  ASSERT_FALSE(adaptation.forget()) << "the options hold already";
  EXPECT_EQ(adaptation.figures().samples, 0U);
}

TEST(Adaptation, NeverCompounds) {
  const CircuitBreakerOptions options = adaptive();
  const CircuitBreakerOptions before = options;
  Bench bench{options};
  for (int round = 0; round < 50; ++round) {
    bench.time.advance(2h);
    while (bench.state() != State::open) bench.fail();
    bench.time.advance(2h);
    for (int i = 0; i < 30; ++i) bench.succeed(1ms);
  }
  EXPECT_EQ(bench.snapshot().adapted->consecutive_failures, 7U);
  EXPECT_EQ(bench.snapshot().adapted->open_duration, 24s);
  EXPECT_TRUE(bench.breaker.options() == before);
}

TEST(Adaptation, SurvivesTheLongestLatencies) {
  const CircuitBreakerOptions options = adaptive();
  Adaptation adaptation{options};
  for (int i = 0; i < 25; ++i) (void)adaptation.add(false, Duration::max());
  EXPECT_EQ(adaptation.figures().mean_latency, Duration::max());
  EXPECT_EQ(adaptation.open_duration(), 45s);
}

TEST(AdaptiveBreaker, OpensByWhatIsInForceAndTellsOfEachChange) {
  Bench bench{adaptive()};
  for (int i = 0; i < 10; ++i) bench.succeed(500ms);
  ASSERT_EQ(bench.events.adapted.size(), 1U);
  EXPECT_EQ(bench.events.adapted.back().consecutive_failures, 7U);
  EXPECT_EQ(bench.events.adapted.back().policy, "payment");
  for (int i = 0; i < 4; ++i) bench.fail();
  EXPECT_EQ(bench.events.adapted.back().consecutive_failures, 5U);
  bench.fail();
  ASSERT_EQ(bench.state(), State::open);
  EXPECT_EQ(bench.events.transitions.back().rule, Rule::consecutive_failures);
  EXPECT_EQ(bench.events.transitions.back().value, 5);
  EXPECT_EQ(bench.events.transitions.back().threshold, 5) << "what was in force, not the option";
}

TEST(AdaptiveBreaker, OpensForAsLongAsIsInForceBeforeItsBackoff) {
  CircuitBreakerOptions options = adaptive();
  options.backoff = 2;
  options.half_open.permitted_calls = 1;
  Bench bench{options};
  for (int i = 0; i < 10; ++i) bench.succeed(2s);
  for (int i = 0; i < 7; ++i) bench.fail();
  ASSERT_EQ(bench.state(), State::open);
  EXPECT_EQ(bench.snapshot().retry_after, 45s);
  bench.time.advance(45s);
  bench.fail();
  EXPECT_EQ(bench.snapshot().retry_after, 90s);
}

TEST(AdaptiveBreaker, ForgetsItsSamplesWithACommand) {
  Bench bench{adaptive()};
  for (int i = 0; i < 10; ++i) bench.succeed(500ms);
  bench.command(Command::reset);
  ASSERT_EQ(bench.events.adapted.size(), 2U);
  EXPECT_EQ(bench.events.adapted.back().consecutive_failures, 5U);
  EXPECT_EQ(bench.events.adapted.back().samples, 0U);
}

TEST(AdaptiveBreaker, SaysWhatIsWrongWithItsOptions) {
  CircuitBreakerOptions options = adaptive();
  options.adaptive->samples = 0;
  options.adaptive->failures.strict_above = 2;
  options.adaptive->failures.lax_below = std::numeric_limits<double>::quiet_NaN();
  options.adaptive->failures.least = 20;
  options.adaptive->opening.long_above = 1ms;
  options.adaptive->opening.lengthen = 0.5;
  options.adaptive->opening.shorten = 0;
  std::vector<std::string> keys;
  for (const OptionProblem& problem : validate(options)) keys.push_back(problem.key);
  EXPECT_EQ(keys, (std::vector<std::string>{"adaptive.samples", "adaptive.failures.strict_above",
                                            "adaptive.failures.lax_below", "adaptive.failures.least",
                                            "adaptive.opening.long_above", "adaptive.opening.lengthen",
                                            "adaptive.opening.shorten"}));
}

/// Every call is one sample, whichever threads they are on.
TEST(AdaptiveBreaker, CountsEachCallOfManyThreadsOnce) {
  CircuitBreakerOptions options = adaptive(1'000'000);
  options.adaptive->samples = 10'000;
  options.adaptive->failures.most = 1'000'000;
  CircuitBreaker breaker{"shared", options};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&breaker, thread] {
      for (int i = 0; i < 2'500; ++i) {
        auto permit = breaker.try_acquire(TimePoint{1s});
        std::move(*permit).record(
            thread == 0 ? Outcome::failure(FailureType::timeout, 0ns) : Outcome::success(2ms), TimePoint{1s});
      }
    });
  }
  for (std::thread& each : threads) each.join();
  const AdaptedFigures seen = breaker.snapshot(TimePoint{1s}).adapted.value();
  EXPECT_EQ(seen.samples, 10'000U);
  EXPECT_EQ(seen.failure_rate, 0.25);
  EXPECT_EQ(seen.mean_latency, 2ms);
}

}  // namespace
}  // namespace switchgear
