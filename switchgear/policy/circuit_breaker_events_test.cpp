// The events of a breaker's calls, and its report of its own use.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "switchgear/core/random.hpp"
#include "switchgear/policy/breaker_fixture.hpp"

namespace switchgear {
namespace {

CircuitBreakerOptions slow_above_a_second() {
  CircuitBreakerOptions options = simple();
  options.slow_call = SlowCallRule{1s, 1.0};
  return options;
}

TEST(BreakerCallEvents, AreNotSentUnlessAskedFor) {
  Bench bench{simple()};
  bench.succeed();
  bench.fail();
  EXPECT_TRUE(bench.events.calls.empty());
}

TEST(BreakerCallEvents, TellEveryEndOfACallWithItsEvidence) {
  Bench bench{slow_above_a_second()};
  bench.breaker.tell_calls(CallEvents::on);
  bench.succeed(2s);
  bench.fail(5ms);
  { auto dropped = bench.acquire(); }
  bench.breaker.tell_calls(CallEvents::off);
  bench.succeed();
  ASSERT_EQ(bench.events.calls.size(), 3U);
  const CallEvent& slow = bench.events.calls[0];
  EXPECT_EQ(slow.breaker, "payment");
  EXPECT_EQ(slow.verdict, Verdict::success);
  EXPECT_EQ(slow.latency, Duration{2s});
  EXPECT_TRUE(slow.slow);
  EXPECT_EQ(slow.at, bench.time.now());
  const CallEvent& failed = bench.events.calls[1];
  EXPECT_EQ(failed.verdict, Verdict::failure);
  EXPECT_EQ(failed.type, FailureType::timeout);
  EXPECT_EQ(failed.latency, Duration{5ms});
  EXPECT_FALSE(failed.slow);
  EXPECT_EQ(bench.events.calls[2].verdict, Verdict::ignored);
}

TEST(BreakerCallEvents, GoOnThroughTransitionsAndTellOfLateResultsToo) {
  Bench bench{simple()};
  bench.breaker.tell_calls(CallEvents::on);
  auto late = bench.acquire();
  bench.fail(2);
  ASSERT_EQ(bench.state(), State::open);
  std::move(*late).record(Verdict::success, bench.time.now());
  bench.time.advance(10s);
  bench.succeed(2);
  ASSERT_EQ(bench.state(), State::closed);
  bench.succeed();
  EXPECT_EQ(bench.events.calls.size(), 6U);
}

TEST(BreakerCallEvents, AreSentAfterTheStateTheyLedToIsPublished) {
  class Looker : public Recorder {
   public:
    void on_call(const CallEvent& call) override {
      seen.push_back(breaker->state());
      { auto permit = breaker->try_acquire(call.at); }  // neither deadlocks nor recurses for ever
      breaker->tell_calls(CallEvents::off);
      throw 42;
    }
    CircuitBreaker* breaker = nullptr;
    std::vector<State> seen;
  };
  Looker looker;
  Bench bench{simple(), &looker};
  looker.breaker = &bench.breaker;
  bench.fail();
  bench.breaker.tell_calls(CallEvents::on);
  bench.fail();
  EXPECT_EQ(looker.seen, std::vector{State::open});
}

TEST(BreakerCallEvents, ChangeNoDecision) {
  constexpr std::uint64_t seed = 20261121;
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  for (const bool time_window : {true, false}) {
    CircuitBreakerOptions options = slow_above_a_second();
    options.consecutive_failures = 6;
    options.failure_balance = 9;
    options.failure_rate = 0.5;
    options.minimum_calls = 10;
    if (time_window) options.window = TimeWindowOptions{10s, 10};
    Bench plain{options};
    Bench told{options};
    told.breaker.tell_calls(CallEvents::on);
    Random random{seed};
    for (int i = 0; i < 20'000; ++i) {
      const Duration step{static_cast<Duration::rep>(random.next() % 400'000'000)};
      const double dice = random.uniform();
      const Verdict verdict = dice < 0.65   ? Verdict::success
                              : dice < 0.95 ? Verdict::failure
                                            : Verdict::ignored;
      const Duration latency = random.uniform() < 0.1 ? 2s : 10ms;
      plain.time.advance(step);
      told.time.advance(step);
      ASSERT_EQ(plain.call(verdict, latency), told.call(verdict, latency)) << "call " << i;
      ASSERT_EQ(plain.state(), told.state()) << "call " << i;
    }
    const CallTotals one = plain.snapshot().totals;
    const CallTotals other = told.snapshot().totals;
    EXPECT_GT(one.opened, 10U);
    EXPECT_EQ(one.opened, other.opened);
    EXPECT_EQ(one.calls, other.calls);
    EXPECT_EQ(one.successes, other.successes);
    EXPECT_EQ(one.slow(), other.slow());
    EXPECT_EQ(told.events.calls.size(), other.calls);
  }
}

TEST(BreakerCallEvents, MissNoneAndDoubleNoneFromManyThreads) {
  class Counting : public EventSink {
   public:
    void on_transition(const Transition&) override {}
    void on_call(const CallEvent& call) override {
      (call.verdict == Verdict::failure ? failures : successes).fetch_add(1, std::memory_order_relaxed);
    }
    std::atomic<std::uint64_t> successes{0};
    std::atomic<std::uint64_t> failures{0};
  };
  Counting counting;
  CircuitBreakerOptions options = simple();
  options.consecutive_failures = 3;
  options.open_duration = 1us;
  BreakerContext context;
  context.sink = &counting;
  context.call_events = CallEvents::on;
  CircuitBreaker breaker{"payment", options, context};
  constexpr int threads = 4;
  constexpr int each = 20'000;
  {
    std::vector<std::jthread> workers;
    for (int t = 0; t < threads; ++t) {
      workers.emplace_back([&, t] {
        TimePoint now{1s};
        Random random{static_cast<std::uint64_t>(t)};
        for (int i = 0; i < each; ++i) {
          now += 100ns;
          if (auto permit = breaker.try_acquire(now)) {
            std::move(*permit).record(random.uniform() < 0.3 ? Verdict::failure : Verdict::success, now);
          }
        }
      });
    }
  }
  const CallTotals totals = breaker.snapshot(TimePoint{2s}).totals;
  EXPECT_GT(totals.opened, 0U);
  EXPECT_EQ(counting.successes, totals.successes);
  EXPECT_EQ(counting.failures, totals.failures);
}

TEST(BreakerIdleness, IsToBeClosedAtRestAndUnusedSince) {
  Bench bench{simple()};
  const TimePoint used = bench.time.advance(1s);
  bench.succeed();
  EXPECT_EQ(bench.breaker.last_used(), used);
  EXPECT_FALSE(bench.breaker.idle_since(used - 1ns));
  EXPECT_TRUE(bench.breaker.idle_since(used));
  bench.time.advance(5s);
  bench.breaker.advance(bench.time.now());
  (void)bench.snapshot();
  EXPECT_EQ(bench.breaker.last_used(), used) << "looking is not using";
  {
    auto in_flight = bench.acquire();
    EXPECT_FALSE(bench.breaker.idle_since(bench.time.now()));
  }
  EXPECT_TRUE(bench.breaker.idle_since(bench.time.now()));
}

TEST(BreakerIdleness, IsNotInAnyStateButPlainlyClosed) {
  const TimePoint long_after{1000h};
  for (const Command command : {Command::force_open, Command::disable, Command::metrics_only}) {
    Bench bench{simple()};
    bench.command(command);
    EXPECT_FALSE(bench.breaker.idle_since(long_after));
    bench.command(Command::reset);
    EXPECT_TRUE(bench.breaker.idle_since(long_after));
  }
  Bench bench{simple()};
  bench.fail(2);
  EXPECT_FALSE(bench.breaker.idle_since(long_after)) << "open, and its time is long over";
  bench.time.advance(10s);
  bench.succeed();
  EXPECT_FALSE(bench.breaker.idle_since(long_after)) << "half-open";
}

TEST(BreakerIdleness, IsNotWhileItRamps) {
  CircuitBreakerOptions options = simple();
  options.ramp = RampOptions{1min, 0.1};
  Bench bench{options};
  bench.fail(2);
  bench.time.advance(10s);
  bench.succeed(2);
  ASSERT_EQ(bench.state(), State::closed);
  EXPECT_FALSE(bench.breaker.idle_since(bench.time.now() + 59s));
  EXPECT_TRUE(bench.breaker.idle_since(bench.time.now() + 60s));
}

}  // namespace
}  // namespace switchgear
