// The ways in which circuit breakers are known to go wrong. One test each, named after what it would do to a
// user.
#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

#include "switchgear/policy/breaker_fixture.hpp"

namespace switchgear {

/// Puts counters where only months of traffic would take them.
class CircuitBreakerTestPeer {
 public:
  static void set_cursor(CircuitBreaker& breaker, std::uint64_t at) {
    breaker.evidence_.count_window_->cursor_.store(at);
  }
  static void set_window_successes(CircuitBreaker& breaker, std::uint64_t successes) {
    const std::uint64_t generation = breaker.word().generation();
    for (CallCell& cell : breaker.cells_)
      cell.window_successes.bits_.store(TaggedCount::tag_of(generation) | successes);
    TimeWindow& window = *breaker.evidence_.time_window_;
    for (std::uint32_t b = 0; b < window.buckets_; ++b) {
      window.before_[b].calls =
          successes * static_cast<std::uint64_t>(breaker.cells_.end() - breaker.cells_.begin());
    }
  }
  static void set_generation(CircuitBreaker& breaker, std::uint64_t generation) {
    const BreakerWord before{breaker.word_.load()};
    const std::uint64_t flags = before.bits() ^ BreakerWord { before.generation(), before.state(), 0 }.bits();
    breaker.start_window_locked(generation, TimePoint{});
    breaker.word_.store(BreakerWord{generation, before.state(), flags}.bits());
  }
  static void set_relapses(CircuitBreaker& breaker, std::uint32_t relapses) { breaker.relapses_ = relapses; }
};

namespace {

TEST(Pitfall, ABackwardClockNeitherShortensAnOpeningNorBreaksTheWindow) {
  Bench bench{simple()};
  bench.time.advance(100s);
  bench.fail(2);
  const TimePoint opened = bench.time.now();
  bench.time.advance(-50s);
  auto refused = bench.acquire();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.rejection().retry_after, Duration{10s}) << "read as the latest time seen";
  EXPECT_EQ(bench.snapshot().time_open, Duration::zero()) << "a look reads it the same way";
  EXPECT_FALSE(bench.breaker.try_acquire(opened + 9s));
  EXPECT_TRUE(bench.breaker.try_acquire(opened + 10s));

  CircuitBreakerOptions options;
  options.window = TimeWindowOptions{10s, 10};
  options.failure_rate = 1.0;
  options.minimum_calls = 3;
  Bench windowed{options};
  windowed.fail();
  windowed.time.advance(-30min);
  windowed.fail();
  windowed.time.advance(30min);
  EXPECT_EQ(windowed.snapshot().window.failures, 2U);
  windowed.fail();
  EXPECT_EQ(windowed.state(), State::open);
}

TEST(Pitfall, ClockStepsNeitherSkipNorRepeatTheOpenTimer) {
  Bench bench{simple()};
  bench.fail(2);
  bench.time.advance(Duration{365 * 24h});  // a step forwards: one half-open, not several
  EXPECT_TRUE(bench.succeed());
  EXPECT_EQ(bench.state(), State::half_open);
  EXPECT_EQ(bench.snapshot().totals.half_opened, 1U);
  bench.time.advance(Duration{-365 * 24h});
  EXPECT_TRUE(bench.succeed());
  EXPECT_EQ(bench.state(), State::closed);
}

TEST(Pitfall, AClockAtTheEndOfTimeHangsNobody) {
  Bench closed{simple()};
  EXPECT_TRUE(closed.breaker.try_acquire(TimePoint::max())) << "nothing is due in a closed breaker";
  EXPECT_EQ(closed.state(), State::closed);
  CircuitBreakerOptions options = simple();
  options.half_open.max_wait = 10s;
  Bench open{options};
  open.fail(2);
  const auto hung = open.breaker.try_acquire(TimePoint::max() - 15s);
  EXPECT_FALSE(open.breaker.try_acquire(TimePoint::max()));
  EXPECT_EQ(open.state(), State::open) << "relapsed, and never to be probed again";
  Bench half_open{simple()};
  half_open.fail(2);
  const auto out = half_open.breaker.try_acquire(TimePoint::max());
  EXPECT_TRUE(out);
  EXPECT_FALSE(half_open.breaker.next_due()) << "at the end of time no probe hangs any more";
  EXPECT_EQ(half_open.state(), State::half_open);
}

TEST(Pitfall, AHungProbeIsReclaimedByMaxWait) {
  CircuitBreakerOptions options = simple();
  options.half_open.max_wait = 5s;
  Bench bench{options};
  bench.fail(2);
  bench.time.advance(10s);
  auto hung = bench.acquire();
  auto also_hung = bench.acquire();
  EXPECT_EQ(bench.breaker.next_due(), bench.time.now() + 5s);
  bench.time.advance(7s);
  auto refused = bench.acquire();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.rejection().retry_after, Duration{8s}) << "open since two seconds ago";
  EXPECT_EQ(bench.events.transitions.back().rule, Rule::max_wait);
  EXPECT_EQ(bench.events.transitions.back().at, bench.time.now() - 2s);
  std::move(*hung).record(Verdict::success, bench.time.now());
  EXPECT_EQ(bench.snapshot().totals.late, 1U);
  EXPECT_EQ(bench.state(), State::open);
}

TEST(Pitfall, AnIdleBreakerDoesNotServeItsNextOpenPeriodTwice) {
  CircuitBreakerOptions options = simple();
  options.half_open.max_wait = 5s;
  Bench bench{options};
  bench.fail(2);
  bench.time.advance(10s);
  auto hung = bench.acquire();
  bench.time.advance(1h);  // no call came: relapsed after 5 s, open for 10 s, over long ago
  auto probe = bench.acquire();
  EXPECT_TRUE(probe);
  EXPECT_EQ(bench.state(), State::half_open);
  EXPECT_EQ(bench.snapshot().relapses, 1U);
}

TEST(Pitfall, ABreakerWhoseProbesAreAllIgnoredIsNotStuck) {
  Bench bench{simple()};
  bench.fail(2);
  bench.time.advance(10s);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(bench.call(Verdict::ignored));
  bench.succeed(2);
  EXPECT_EQ(bench.state(), State::closed);
}

TEST(Pitfall, ALateSuccessInOpenDoesNotCloseIt) {
  Bench bench{simple()};
  auto late = bench.acquire();
  bench.fail(2);
  std::move(*late).record(Verdict::success, bench.time.now());
  EXPECT_EQ(bench.state(), State::open);
  EXPECT_EQ(bench.snapshot().totals.late, 1U);
  EXPECT_EQ(bench.snapshot().totals.successes, 1U);
}

TEST(Pitfall, ALateFailureInOpenDoesNotExtendIt) {
  Bench bench{simple()};
  auto late = bench.acquire();
  bench.fail(2);
  bench.time.advance(9s);
  std::move(*late).record(Verdict::failure, bench.time.now());
  EXPECT_EQ(bench.snapshot().retry_after, Duration{1s});
}

TEST(Pitfall, ALateResultInHalfOpenIsNoProbe) {
  for (const Verdict verdict : {Verdict::success, Verdict::failure}) {
    Bench bench{simple()};
    auto late = bench.acquire();
    bench.fail(2);
    bench.time.advance(10s);
    auto probe = bench.acquire();
    std::move(*late).record(verdict, bench.time.now());
    EXPECT_EQ(bench.state(), State::half_open);
    EXPECT_EQ(bench.snapshot().half_open.recorded, 0U);
    EXPECT_EQ(bench.snapshot().half_open.in_flight, 1U);
  }
}

TEST(Pitfall, ALateFailureInTheNextClosedPeriodIsNotInItsWindow) {
  Bench bench{simple()};
  auto late = bench.acquire();
  auto later = bench.acquire();
  bench.fail(2);
  bench.time.advance(10s);
  bench.succeed(2);
  ASSERT_EQ(bench.state(), State::closed);
  std::move(*late).record(Verdict::failure, bench.time.now());
  std::move(*later).record(Verdict::failure, bench.time.now());
  EXPECT_EQ(bench.state(), State::closed);
  EXPECT_EQ(bench.snapshot().window.consecutive_failures, 0U);
}

TEST(Pitfall, ADoubleRecordCountsOnce) {
  Bench bench{simple()};
  auto permit = bench.acquire();
  std::move(*permit).record(Verdict::failure, bench.time.now());
  std::move(*permit).record(Verdict::failure, bench.time.now());  // NOLINT: that is the point
  EXPECT_EQ(bench.state(), State::closed);
  EXPECT_EQ(bench.snapshot().totals.failures, 1U);
}

class Thrower : public EventSink {
 public:
  void on_transition(const Transition&) override { throw std::runtime_error("listener"); }
  void on_rejection(const RejectionEvent&) override { throw 42; }
};

TEST(Pitfall, AThrowingListenerHarmsNoCall) {
  Thrower thrower;
  Bench bench{simple(), &thrower};
  bench.fail(2);
  EXPECT_EQ(bench.state(), State::open);
  EXPECT_FALSE(bench.acquire());
  bench.time.advance(10s);
  bench.succeed(2);
  EXPECT_EQ(bench.state(), State::closed);
}

class Meddler : public EventSink {
 public:
  void on_transition(const Transition& transition) override {
    seen.push_back(transition.to);
    if (breaker == nullptr) return;
    EXPECT_EQ(breaker->state(), transition.to) << "the state is published before the listener runs";
    (void)breaker->snapshot(transition.at);
    { auto permit = breaker->try_acquire(transition.at); }
    if (transition.to == State::open && resets) breaker->command(Command::reset, transition.at);
  }
  void on_rejection(const RejectionEvent& rejection) override {
    ++rejections;
    if (rejections == 1) (void)breaker->try_acquire(rejection.at);
  }
  CircuitBreaker* breaker = nullptr;
  bool resets = false;
  int rejections = 0;
  std::vector<State> seen;
};

TEST(Pitfall, AReEntrantListenerNeitherDeadlocksNorCorrupts) {
  Meddler meddler;
  Bench bench{simple(), &meddler};
  meddler.breaker = &bench.breaker;
  bench.fail(2);
  EXPECT_EQ(bench.state(), State::open);
  EXPECT_EQ(meddler.rejections, 2) << "one from the transition's listener, one from the rejection's";
}

TEST(Pitfall, AListenerMayResetTheBreaker) {
  Meddler meddler;
  Bench bench{simple(), &meddler};
  meddler.breaker = &bench.breaker;
  meddler.resets = true;
  bench.fail(2);
  EXPECT_EQ(bench.state(), State::closed);
  EXPECT_EQ(meddler.seen, (std::vector{State::open, State::closed}));
}

TEST(Pitfall, OneRejectionIsOneEvent) {
  Bench bench{simple()};
  bench.fail(2);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(bench.acquire());
  EXPECT_EQ(bench.events.rejections.size(), 5U);
  EXPECT_EQ(bench.snapshot().totals.rejected, 5U);
  EXPECT_EQ(bench.snapshot().totals.rejected_by_reason[0], 5U);
}

TEST(Pitfall, AResetWithADueTimerStaysReset) {
  CircuitBreakerOptions options = simple();
  options.probe_automatically = true;
  Bench bench{options};
  bench.fail(2);
  bench.command(Command::reset);
  EXPECT_FALSE(bench.breaker.next_due());
  bench.time.advance(1h);
  bench.breaker.advance(bench.time.now());
  EXPECT_EQ(bench.state(), State::closed);

  bench.fail(2);
  bench.time.advance(10s);
  bench.command(Command::force_open);  // the timer was due, and not yet noticed
  EXPECT_EQ(bench.state(), State::forced_open);
  bench.breaker.advance(bench.time.now() + 1h);
  EXPECT_EQ(bench.state(), State::forced_open);
}

TEST(Pitfall, RetryAfterIsExactAndNeverNegative) {
  Bench bench{simple()};
  bench.fail(2);
  Duration left = 10s;
  for (int i = 0; i < 10; ++i) {
    const auto refused = bench.acquire();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.rejection().retry_after, left);
    bench.time.advance(Duration{1s} - 1ns);
    left -= Duration{1s} - 1ns;
  }
  EXPECT_EQ(bench.snapshot().retry_after, Duration{10ns});
  bench.time.advance(1min);
  EXPECT_EQ(bench.snapshot().retry_after, Duration::zero());
}

TEST(Pitfall, AWindowOfOneBucketForgetsAtItsEdge) {
  CircuitBreakerOptions options;
  options.window = TimeWindowOptions{1s, 1};
  options.failure_rate = 1.0;
  options.minimum_calls = 2;
  Bench bench{options};
  bench.fail();
  bench.time.advance(1s);
  bench.fail();
  EXPECT_EQ(bench.state(), State::closed);
  bench.time.advance(999ms);
  bench.fail();
  EXPECT_EQ(bench.state(), State::open);
}

TEST(Pitfall, AWindowOfOneCallKnowsOnlyTheLast) {
  CircuitBreakerOptions options;
  options.window = CountWindowOptions{1};
  options.failure_rate = 1.0;
  options.minimum_calls = 1;
  Bench bench{options};
  bench.succeed(3);
  EXPECT_EQ(bench.state(), State::closed);
  bench.fail();
  EXPECT_EQ(bench.state(), State::open);
}

TEST(Pitfall, DurationsThatOverflowAreHeldAtTheirEnds) {
  CircuitBreakerOptions options = simple();
  options.backoff = 1000;
  options.open_duration = Duration{1h};
  options.max_open_duration = Duration::max();
  options.half_open.max_wait = Duration::max();
  Bench bench{options};
  bench.fail(2);
  CircuitBreakerTestPeer::set_relapses(bench.breaker, std::numeric_limits<std::uint32_t>::max() - 1);
  bench.time.advance(Duration{1h});
  bench.fail();  // the probe: relapsed, for ever
  EXPECT_EQ(bench.state(), State::open);
  EXPECT_GT(bench.snapshot().retry_after, Duration{24h} * 365 * 200);
  EXPECT_FALSE(bench.breaker.try_acquire(bench.time.now() + 24h));
  EXPECT_FALSE(bench.breaker.next_due());
}

TEST(Pitfall, TwoToTheThirtySecondCallsDoNotWrapACountWindow) {
  for (const std::uint64_t at : {std::uint64_t{1} << 32U, std::numeric_limits<std::uint64_t>::max()}) {
    CircuitBreakerOptions options;
    options.window = CountWindowOptions{10};
    options.failure_rate = 0.5;
    options.minimum_calls = 10;
    Bench bench{options};
    CircuitBreakerTestPeer::set_cursor(bench.breaker, at - 5);
    bench.succeed(6);
    bench.fail(4);
    EXPECT_EQ(bench.snapshot().window.calls, 10U);
    EXPECT_EQ(bench.snapshot().window.failures, 4U);
    EXPECT_EQ(bench.state(), State::closed);
    bench.fail(1);
    EXPECT_EQ(bench.state(), State::open);
  }
}

TEST(Pitfall, TwoToTheThirtySecondCallsDoNotWrapATimeWindow) {
  for (const std::uint64_t at : {std::uint64_t{1} << 32U, std::uint64_t{1} << 48U}) {
    CircuitBreakerOptions options;
    options.window = TimeWindowOptions{10s, 10};
    options.failure_rate = 0.5;
    options.minimum_calls = 10;
    Bench bench{options};
    CircuitBreakerTestPeer::set_window_successes(bench.breaker, at - 5);
    bench.succeed(6);
    bench.fail(4);
    EXPECT_EQ(bench.snapshot().window.calls, 10U);
    bench.fail(2);
    EXPECT_EQ(bench.state(), State::open);
  }
}

TEST(Pitfall, AFailureIsToldAtItsTimeHoweverFarFromTheClocksZero) {
  for (const TimePoint at : {TimePoint{1'700'000'000s}, TimePoint{-1'700'000'000s}, TimePoint{0s}}) {
    CircuitBreakerOptions options;
    options.consecutive_failures = 5;
    CircuitBreaker breaker{"payment", options, {nullptr, 1, {}, at}};
    auto permit = breaker.try_acquire(at);
    ASSERT_TRUE(permit);
    std::move(*permit).record(Verdict::failure, at, FailureType::slow_response);
    const auto last = breaker.snapshot(at).last_failure;
    ASSERT_TRUE(last);
    EXPECT_EQ(last->at, at);
    EXPECT_EQ(last->type, FailureType::slow_response);
  }
}

TEST(Pitfall, GenerationsThatOutgrowTheirTagsDoNotBringOldCallsBack) {
  CircuitBreakerOptions options;
  options.window = CountWindowOptions{10};
  options.failure_rate = 0.5;
  options.minimum_calls = 4;
  options.open_duration = 1s;
  options.half_open.permitted_calls = 1;
  for (const std::uint64_t far :
       {std::uint64_t{1} << 16U, std::uint64_t{1} << 19U, std::uint64_t{1} << 32U}) {
    Bench bench{options};
    bench.fail(3);
    CircuitBreakerTestPeer::set_generation(bench.breaker, 1 + far);
    EXPECT_EQ(bench.snapshot().window.failures, 0U);
    bench.succeed(4);
    bench.fail(3);
    EXPECT_EQ(bench.state(), State::closed);
    bench.fail(1);
    EXPECT_EQ(bench.state(), State::open);
  }
}

}  // namespace
}  // namespace switchgear
