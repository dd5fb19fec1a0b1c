#include "switchgear/policy/circuit_breaker.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <mutex>
#include <stdexcept>

#include "switchgear/policy/breaker_fixture.hpp"

namespace switchgear {
namespace {

CircuitBreakerOptions rate(double failure_rate, std::uint64_t minimum_calls, WindowOptions window) {
  CircuitBreakerOptions options;
  options.window = window;
  options.failure_rate = failure_rate;
  options.minimum_calls = minimum_calls;
  options.open_duration = 10s;
  return options;
}

// --- the trip rules

TEST(CircuitBreaker, OpensWhenTheFailureRateIsReached) {
  Bench bench{rate(0.5, 4, CountWindowOptions{10})};
  bench.succeed(2);
  bench.fail(1);
  EXPECT_EQ(bench.state(), State::closed);
  bench.fail(1);
  EXPECT_EQ(bench.state(), State::open);
  ASSERT_EQ(bench.events.transitions.size(), 1U);
  const Transition& opened = bench.events.transitions[0];
  EXPECT_EQ(opened.rule, Rule::failure_rate);
  EXPECT_DOUBLE_EQ(opened.value, 0.5);
  EXPECT_DOUBLE_EQ(opened.threshold, 0.5);
  EXPECT_EQ(opened.window.calls, 4U);
  EXPECT_EQ(opened.window.failures, 2U);
  ASSERT_TRUE(opened.last_failure);
  EXPECT_EQ(opened.last_failure->type, FailureType::timeout);
}

TEST(CircuitBreaker, IsOpenedByASuccessThatCompletesTheMinimum) {
  for (const WindowOptions& window :
       {WindowOptions{CountWindowOptions{10}}, WindowOptions{TimeWindowOptions{}}}) {
    Bench bench{rate(0.5, 4, window)};
    bench.fail(3);
    EXPECT_EQ(bench.state(), State::closed);
    bench.succeed(1);
    EXPECT_EQ(bench.state(), State::open);
  }
}

TEST(CircuitBreaker, IsOpenedByASuccessAfterOlderSuccessesAreForgotten) {
  Bench bench{rate(0.5, 3, TimeWindowOptions{10s, 10})};
  bench.succeed(5);
  bench.time.advance(9s);
  bench.fail(2);
  EXPECT_EQ(bench.state(), State::closed);
  bench.time.advance(1s);  // the five successes leave the window
  bench.succeed(1);
  EXPECT_EQ(bench.state(), State::open);
}

TEST(CircuitBreaker, ForgetsCallsBeyondTheCountWindow) {
  Bench bench{rate(0.5, 4, CountWindowOptions{4})};
  bench.fail(1);
  bench.succeed(4);
  bench.fail(1);
  EXPECT_EQ(bench.state(), State::closed) << "the first failure was pushed out";
  EXPECT_EQ(bench.snapshot().window.failures, 1U);
  bench.fail(1);
  EXPECT_EQ(bench.state(), State::open);
}

TEST(CircuitBreaker, CountsTheCurrentBucketAndThoseBeforeIt) {
  Bench bench{rate(1.0, 100, TimeWindowOptions{10s, 10})};
  bench.fail(1);
  bench.time.advance(9999ms);
  EXPECT_EQ(bench.snapshot().window.calls, 1U);
  bench.time.advance(1ms);
  EXPECT_EQ(bench.snapshot().window.calls, 0U);
}

TEST(CircuitBreaker, OpensOnSlowCallsEvenWhenTheySucceed) {
  CircuitBreakerOptions options;
  options.slow_call = SlowCallRule{2s, 0.5};
  options.minimum_calls = 2;
  Bench bench{options};
  bench.succeed(2s);  // not strictly greater
  bench.succeed(Duration{2s} + 1ns);
  EXPECT_EQ(bench.state(), State::open);
  EXPECT_EQ(bench.events.transitions.at(0).rule, Rule::slow_call);
  EXPECT_EQ(bench.snapshot().totals.slow_successes, 1U);
}

TEST(CircuitBreaker, OpensWhenTheLatencyQuantileIsTooHigh) {
  for (const WindowOptions& window :
       {WindowOptions{CountWindowOptions{100}}, WindowOptions{TimeWindowOptions{}}}) {
    CircuitBreakerOptions options;
    options.window = window;
    options.latency = LatencyRule{0.9, 2s};
    options.minimum_calls = 10;
    Bench bench{options};
    for (int i = 0; i < 9; ++i) bench.succeed(Duration{100ms} * (i + 1));
    bench.succeed(Duration{3s});
    EXPECT_EQ(bench.state(), State::closed) << "the ninth of ten is 0.9 s";
    bench.succeed(Duration{3s});
    EXPECT_EQ(bench.state(), State::open) << "the tenth of eleven is 3 s";
    const Transition& opened = bench.events.transitions.at(0);
    EXPECT_EQ(opened.rule, Rule::latency);
    EXPECT_NEAR(opened.value, 3.0, 3.0 * 0.02);
    EXPECT_DOUBLE_EQ(opened.threshold, 2.0);
  }
}

TEST(CircuitBreaker, OpensOnConsecutiveFailuresUnlessASuccessComesBetween) {
  Bench bench{simple()};
  bench.fail(1);
  bench.succeed(1);
  bench.fail(1);
  EXPECT_EQ(bench.state(), State::closed);
  bench.call(Verdict::ignored);
  bench.fail(1);
  EXPECT_EQ(bench.state(), State::open) << "an ignored call is not a success between";
}

TEST(CircuitBreaker, OpensWhenFailuresOutweighSuccessesInBalance) {
  CircuitBreakerOptions options;
  options.failure_balance = 3;
  Bench bench{options};
  bench.succeed(5);  // never below zero
  bench.fail(2);
  bench.succeed(1);
  bench.fail(1);
  EXPECT_EQ(bench.state(), State::closed);
  bench.fail(1);
  EXPECT_EQ(bench.state(), State::open);
  EXPECT_DOUBLE_EQ(bench.events.transitions.at(0).value, 3.0);
}

TEST(CircuitBreaker, OpensOnAcquireWhenCallsAreStuck) {
  CircuitBreakerOptions options;
  options.stuck_calls = StuckCallsRule{5s, 2};
  Bench bench{options};
  auto one = bench.acquire();
  bench.time.advance(1s);
  auto two = bench.acquire();
  bench.time.advance(5s);
  EXPECT_TRUE(bench.succeed()) << "the second call is exactly as old as allowed";
  bench.time.advance(1ns);
  const auto refused = bench.acquire();
  ASSERT_FALSE(refused);
  EXPECT_EQ(bench.events.transitions.at(0).rule, Rule::stuck_calls);
  EXPECT_DOUBLE_EQ(bench.events.transitions.at(0).value, 2.0);
}

TEST(CircuitBreaker, DoesNotCountACallThatCameBackAsStuck) {
  CircuitBreakerOptions options;
  options.stuck_calls = StuckCallsRule{5s, 2};
  Bench bench{options};
  auto one = bench.acquire();
  {
    auto two = bench.acquire();
    bench.time.advance(4s);
  }
  bench.time.advance(10s);
  EXPECT_TRUE(bench.succeed());
}

// --- open

TEST(CircuitBreaker, RefusesWhileOpenAndSaysExactlyHowLong) {
  Bench bench{simple()};
  bench.fail(2);
  bench.time.advance(5800ms);
  const auto refused = bench.acquire();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.rejection().reason, Reason::open);
  EXPECT_EQ(refused.rejection().policy, "payment");
  EXPECT_EQ(refused.rejection().retry_after, 4200ms);
}

TEST(CircuitBreaker, StaysOpenLongerAfterEveryRelapseUpToALimit) {
  CircuitBreakerOptions options = simple();
  options.backoff = 3.0;
  options.max_open_duration = 60s;
  Bench bench{options};
  bench.fail(2);
  for (const Duration expected : {Duration{10s}, Duration{30s}, Duration{60s}, Duration{60s}}) {
    EXPECT_EQ(bench.snapshot().retry_after, expected);
    bench.time.advance(expected);
    bench.fail();
  }
  EXPECT_EQ(bench.snapshot().relapses, 4U);
}

TEST(CircuitBreaker, SpreadsItsOpeningsByTheJitter) {
  CircuitBreakerOptions options = simple();
  options.jitter = 0.2;
  Bench bench{options};
  Random expected{7};
  for (int i = 0; i < 5; ++i) {
    if (i == 0) bench.fail(2);
    const double factor = 1 + 0.2 * (2 * expected.uniform() - 1);
    const Duration length = bench.snapshot().retry_after.value();
    EXPECT_NEAR(to_seconds(length), 10 * factor, 1e-9);
    EXPECT_GE(length, Duration{8s});
    EXPECT_LE(length, Duration{12s});
    bench.time.advance(length);
    bench.fail();
  }
}

TEST(CircuitBreaker, HonoursTheServersOwnWaitUpToTheLongestOpening) {
  CircuitBreakerOptions options = simple();
  options.honor_retry_after = true;
  options.max_open_duration = 60s;
  Bench bench{options};
  auto late = bench.acquire();
  bench.fail();
  auto permit = bench.acquire();
  std::move(*permit).record(Outcome{Verdict::failure, FailureType::http_error, 0ns, 20s}, bench.time.now());
  EXPECT_EQ(bench.snapshot().retry_after, Duration{20s});
  bench.time.advance(1s);
  std::move(*late).record(Outcome{Verdict::failure, FailureType::http_error, 0ns, 24h}, bench.time.now());
  EXPECT_EQ(bench.snapshot().retry_after, Duration{59s}) << "at most max_open_duration from the opening";
}

TEST(CircuitBreaker, IgnoresTheServersWaitWhenNotToldToHonourIt) {
  Bench bench{simple()};
  bench.fail();
  auto permit = bench.acquire();
  std::move(*permit).record(Outcome{Verdict::failure, FailureType::http_error, 0ns, 20s}, bench.time.now());
  EXPECT_EQ(bench.snapshot().retry_after, Duration{10s});
}

// --- half-open

TEST(CircuitBreaker, MakesTheFirstCallAfterTheOpeningAProbeAndClosesWhenAllSucceed) {
  Bench bench{simple()};
  bench.fail(2);
  bench.time.advance(10s);
  auto first = bench.acquire();
  ASSERT_TRUE(first);
  EXPECT_EQ(bench.state(), State::half_open);
  auto second = bench.acquire();
  ASSERT_TRUE(second);
  EXPECT_FALSE(bench.acquire()) << "two probes decide, no third passes";
  std::move(*first).record(Verdict::success, bench.time.now());
  EXPECT_EQ(bench.state(), State::half_open);
  std::move(*second).record(Verdict::success, bench.time.now());
  EXPECT_EQ(bench.state(), State::closed);
  EXPECT_EQ(bench.events.transitions.back().rule, Rule::recovered);
}

TEST(CircuitBreaker, RelapsesWithTheFirstFailedProbe) {
  Bench bench{simple()};
  bench.fail(2);
  bench.time.advance(10s);
  bench.fail();
  EXPECT_EQ(bench.state(), State::open);
  EXPECT_EQ(bench.events.transitions.back().rule, Rule::probe);
}

TEST(CircuitBreaker, ToleratesFailedProbesBelowTheRateAndClosesAsSoonAsItIsCertain) {
  CircuitBreakerOptions options = simple();
  options.half_open.permitted_calls = 4;
  options.half_open.max_failure_rate = 0.5;
  Bench bench{options};
  bench.fail(2);
  bench.time.advance(10s);
  bench.fail();
  EXPECT_EQ(bench.state(), State::half_open) << "1 of 4 failed";
  bench.succeed(2);
  EXPECT_EQ(bench.state(), State::half_open) << "the fourth could still relapse it";
  bench.succeed();
  EXPECT_EQ(bench.state(), State::closed);

  Bench certain{options};
  certain.fail(2);
  certain.time.advance(10s);
  certain.succeed(3);
  EXPECT_EQ(certain.state(), State::closed) << "one failure of the last could not reach half of four";
}

TEST(CircuitBreaker, TakesASlowProbeForAFailedOne) {
  CircuitBreakerOptions options = simple();
  options.slow_call = SlowCallRule{1s, 1.0};
  Bench bench{options};
  bench.fail(2);
  bench.time.advance(10s);
  bench.succeed(Duration{2s});
  EXPECT_EQ(bench.state(), State::open);
}

TEST(CircuitBreaker, LimitsTheProbesInFlightAtOnce) {
  CircuitBreakerOptions options = simple();
  options.half_open.max_concurrent = 1;
  Bench bench{options};
  bench.fail(2);
  bench.time.advance(10s);
  auto probe = bench.acquire();
  const auto refused = bench.acquire();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.rejection().reason, Reason::half_open);
  std::move(*probe).record(Verdict::success, bench.time.now());
  EXPECT_TRUE(bench.acquire());
}

TEST(CircuitBreaker, KeepsTheProbesApartByTheirInterval) {
  CircuitBreakerOptions options = simple();
  options.half_open.probe_interval = 3s;
  Bench bench{options};
  bench.fail(2);
  bench.time.advance(10s);
  EXPECT_TRUE(bench.succeed());
  bench.time.advance(1s);
  const auto refused = bench.acquire();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.rejection().retry_after, Duration{2s});
  bench.time.advance(2s);
  EXPECT_TRUE(bench.succeed());
  EXPECT_EQ(bench.state(), State::closed);
}

TEST(CircuitBreaker, DroppedProbePermitFreesItsSlot) {
  Bench bench{simple()};
  bench.fail(2);
  bench.time.advance(10s);
  { auto dropped = bench.acquire(); }
  auto one = bench.acquire();
  auto two = bench.acquire();
  EXPECT_TRUE(one);
  EXPECT_TRUE(two);
  EXPECT_EQ(bench.snapshot().totals.ignored, 1U);
}

TEST(CircuitBreaker, BecomesHalfOpenOnATimerWhenToldTo) {
  CircuitBreakerOptions options = simple();
  options.probe_automatically = true;
  Bench bench{options};
  bench.fail(2);
  ASSERT_EQ(bench.breaker.next_due(), bench.time.now() + 10s);
  bench.time.advance(11s);
  bench.breaker.advance(bench.time.now());
  EXPECT_EQ(bench.state(), State::half_open);
  EXPECT_EQ(bench.events.transitions.back().at, bench.time.now() - 1s) << "at the instant it was due";
}

// --- ramp

TEST(CircuitBreaker, LetsTrafficInByAGrowingShareAfterClosing) {
  CircuitBreakerOptions options = simple();
  options.ramp = RampOptions{10s, 0.1};
  Bench bench{options};
  bench.fail(2);
  bench.time.advance(10s);
  bench.succeed(2);
  ASSERT_EQ(bench.state(), State::closed);
  const auto admitted_of_1000 = [&] {
    int admitted = 0;
    for (int i = 0; i < 1000; ++i) admitted += bench.succeed() ? 1 : 0;
    return admitted;
  };
  EXPECT_NEAR(admitted_of_1000(), 100, 5);
  bench.time.advance(5s);
  EXPECT_NEAR(admitted_of_1000(), 550, 5);
  EXPECT_TRUE(bench.snapshot().ramping);
  EXPECT_EQ(bench.events.rejections.back().rejection.reason, Reason::ramping);
  EXPECT_EQ(bench.events.rejections.back().rejection.retry_after, Duration{5s});
  bench.time.advance(5s);
  EXPECT_EQ(admitted_of_1000(), 1000);
  EXPECT_FALSE(bench.snapshot().ramping);
}

// --- what an operator can do

TEST(CircuitBreaker, ObeysAnOperatorWhoForcesItOpen) {
  Bench bench{simple()};
  bench.command(Command::force_open);
  bench.time.advance(24h);
  const auto refused = bench.acquire();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.rejection().reason, Reason::forced_open);
  EXPECT_FALSE(refused.rejection().retry_after) << "depends on the operator";
  bench.command(Command::reset);
  EXPECT_TRUE(bench.succeed());
}

TEST(CircuitBreaker, PermitsEverythingAndRecordsNothingWhenDisabled) {
  Bench bench{simple()};
  bench.command(Command::disable);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(bench.fail());
  EXPECT_EQ(bench.state(), State::disabled);
  EXPECT_EQ(bench.snapshot().totals.calls, 0U);
  bench.command(Command::force_close);
  EXPECT_EQ(bench.state(), State::closed);
  bench.fail();
  EXPECT_EQ(bench.state(), State::closed) << "the window starts empty";
}

TEST(CircuitBreaker, RunsInFullButRefusesNothingInMetricsOnly) {
  Bench bench{simple()};
  bench.command(Command::metrics_only);
  bench.fail(2);
  EXPECT_EQ(bench.state(), State::open);
  EXPECT_TRUE(bench.fail()) << "passes, unrecorded";
  EXPECT_EQ(bench.snapshot().totals.would_reject, 1U);
  EXPECT_EQ(bench.snapshot().totals.failures, 2U);
  EXPECT_TRUE(bench.events.rejections.empty());
  bench.time.advance(10s);
  bench.succeed(2);
  EXPECT_EQ(bench.state(), State::closed);
  EXPECT_TRUE(bench.snapshot().metrics_only) << "only an operator ends the mode";
  bench.command(Command::reset);
  EXPECT_FALSE(bench.snapshot().metrics_only);
}

TEST(CircuitBreaker, KeepsItsTotalsThroughAReset) {
  Bench bench{simple()};
  bench.succeed(3);
  bench.fail(2);
  bench.command(Command::reset);
  const BreakerSnapshot snapshot = bench.snapshot();
  EXPECT_EQ(snapshot.totals.calls, 5U);
  EXPECT_EQ(snapshot.totals.failures, 2U);
  EXPECT_EQ(snapshot.totals.failures_by_type[0], 2U);
  EXPECT_EQ(snapshot.totals.opened, 1U);
  EXPECT_EQ(snapshot.totals.closed, 1U);
  EXPECT_EQ(snapshot.relapses, 0U);
}

TEST(CircuitBreaker, SendsNoTransitionForAResetThatChangesNoState) {
  Bench bench{simple()};
  bench.command(Command::reset);
  EXPECT_TRUE(bench.events.transitions.empty());
}

// --- what it is

TEST(CircuitBreaker, StoresNoWindowForConsecutiveFailuresAlone) {
  const Bench consecutive{simple()};
  const Bench counting{rate(0.5, 20, CountWindowOptions{})};
  EXPECT_LT(consecutive.breaker.memory_bytes() + 100, counting.breaker.memory_bytes());
}

TEST(CircuitBreaker, FitsIntoTwoKibibytesWithTheDefaultCountWindow) {
  CircuitBreakerOptions options;
  options.failure_rate = 0.5;
  const Bench bench{options};
  const std::size_t larger_mutex =
      sizeof(std::mutex) > 40 ? 64 : 0;  // 48 bytes on aarch64; in steps of a line
  EXPECT_LE(bench.breaker.memory_bytes(), 2048U + larger_mutex);
}

TEST(CircuitBreaker, IsNotBuiltFromOptionsThatContradictThemselves) {
  CircuitBreakerOptions options;
  options.failure_rate = 0.5;
  options.minimum_calls = 101;
  try {
    const CircuitBreaker breaker("payment", options);
    FAIL() << "built";
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(),
                 "breaker 'payment': minimum_calls: 101 can never be reached in a window of 100 calls; "
                 "expected at most window.size");
  }
}

TEST(CircuitBreaker, PutsADateOnItsTransitions) {
  Recorder events;
  const WallAnchor::Wall noon{std::chrono::hours{12}};
  CircuitBreaker breaker{"payment", simple(), {&events, 0, {TimePoint{100s}, noon}, TimePoint{100s}}};
  breaker.command(Command::force_open, TimePoint{103s});
  EXPECT_EQ(events.transitions.at(0).wall, noon + 3s);
}

TEST(CircuitBreaker, AddsUpTheTimeItWasOpen) {
  Bench bench{simple()};
  bench.fail(2);
  bench.time.advance(12s);
  bench.fail();  // the probe: relapsed
  bench.time.advance(3s);
  EXPECT_EQ(bench.snapshot().time_open, Duration{15s});
}

}  // namespace
}  // namespace switchgear
