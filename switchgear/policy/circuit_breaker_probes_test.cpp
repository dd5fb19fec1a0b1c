// Half-open: probes that hang, each by its own start, and what their permits do when they come back after
// all.
#include <gtest/gtest.h>

#include "switchgear/policy/breaker_fixture.hpp"

namespace switchgear {
namespace {

/// Two failures open it for ten seconds; a probe that is out for five seconds has hung.
CircuitBreakerOptions probing(std::uint32_t permitted, double max_failure_rate = 0) {
  CircuitBreakerOptions options = simple();
  options.half_open = {.permitted_calls = permitted, .max_failure_rate = max_failure_rate, .max_wait = 5s};
  return options;
}

/// Open, and due to be probed.
class Due : public Bench {
 public:
  explicit Due(const CircuitBreakerOptions& options) : Bench(options) {
    fail(2);
    time.advance(options.open_duration);
  }
  [[nodiscard]] const Transition& last() const { return events.transitions.back(); }
};

TEST(Probes, EachMayTakeItsTimeHoweverLongTheOneBeforeTook) {
  Due bench{probing(2)};
  auto first = bench.acquire();
  bench.time.advance(4s);
  auto second = bench.acquire();
  std::move(*first).record(Verdict::success, bench.time.now());
  bench.time.advance(4s);
  std::move(*second).record(Verdict::success, bench.time.now());
  EXPECT_EQ(bench.state(), State::closed) << "eight seconds in all, and no probe took five";
}

TEST(Probes, OneThatHangsRelapsesTheBreakerAtItsOwnInstantHoweverLateThatIsNoticed) {
  Due bench{probing(2)};
  const TimePoint began = bench.time.now();
  auto first = bench.acquire();
  bench.time.advance(2s);
  auto hung = bench.acquire();
  std::move(*first).record(Verdict::success, bench.time.now());
  EXPECT_EQ(bench.breaker.next_due(), began + 7s);
  bench.time.advance(1h);
  EXPECT_EQ(bench.snapshot().state, State::half_open) << "a look changes nothing";
  bench.breaker.advance(bench.time.now());
  EXPECT_EQ(bench.state(), State::open);
  EXPECT_EQ(bench.last().rule, Rule::max_wait);
  EXPECT_EQ(bench.last().at, began + 7s);
  EXPECT_EQ(bench.last().value, 5.0);
  EXPECT_EQ(bench.last().threshold, 5.0);
}

TEST(Probes, AnAnswerThatComesAfterMaxWaitDoesNotCloseTheBreaker) {
  Due bench{probing(1)};
  auto probe = bench.acquire();
  bench.time.advance(5s);
  std::move(*probe).record(Verdict::success, bench.time.now());
  EXPECT_EQ(bench.state(), State::open) << "its own record is the first to notice";
  EXPECT_EQ(bench.last().rule, Rule::max_wait);
  EXPECT_EQ(bench.snapshot().totals.late, 1U);
  EXPECT_EQ(bench.snapshot().totals.successes, 1U);
}

TEST(Probes, OneThatHangsIsOneFailureOfAllWhenSomeMayFail) {
  Due bench{probing(4, 0.5)};
  auto hung = bench.acquire();
  bench.time.advance(5s);
  EXPECT_TRUE(bench.succeed());
  EXPECT_EQ(bench.state(), State::half_open) << "one of four failed";
  EXPECT_EQ(bench.snapshot().half_open.failed, 1U);
  EXPECT_EQ(bench.snapshot().half_open.in_flight, 0U);
  bench.succeed(2);
  EXPECT_EQ(bench.state(), State::closed);
  EXPECT_EQ(bench.snapshot().relapses, 0U);
}

TEST(Probes, ThatHangOneAfterTheOtherAreCountedInTheOrderOfTheirInstants) {
  CircuitBreakerOptions options = probing(3, 0.6);
  options.probe_automatically = true;
  Due bench{options};
  const TimePoint began = bench.time.now();
  auto first = bench.acquire();
  bench.time.advance(1s);
  auto second = bench.acquire();
  bench.time.advance(1s);
  auto third = bench.acquire();
  bench.time.advance(1h);
  bench.breaker.advance(bench.time.now());
  const auto& seen = bench.events.transitions;
  ASSERT_EQ(seen.size(), 4U);
  EXPECT_EQ(seen[2].rule, Rule::max_wait);
  EXPECT_EQ(seen[2].at, began + 6s) << "the second made it two of three";
  EXPECT_EQ(seen[3].to, State::half_open);
  EXPECT_EQ(seen[3].at, began + 16s) << "its opening began when the second probe hung";
  EXPECT_EQ(bench.snapshot().half_open.in_flight, 0U) << "the third belongs to the period before";
  std::move(*third).record(Verdict::failure, bench.time.now());
  EXPECT_EQ(bench.snapshot().half_open.recorded, 0U);
}

TEST(Probes, ThePermitOfAHungOneGivesNoPlaceBackASecondTime) {
  Due bench{probing(3, 1.0)};
  auto hung = bench.acquire();
  bench.time.advance(5s);
  auto other = bench.acquire();
  std::move(*hung).record(Verdict::success, bench.time.now());
  EXPECT_EQ(bench.snapshot().half_open.in_flight, 1U);
  EXPECT_EQ(bench.snapshot().half_open.recorded, 1U);
  EXPECT_EQ(bench.snapshot().totals.late, 1U);
  auto last = bench.acquire();
  EXPECT_TRUE(last);
  EXPECT_FALSE(bench.acquire()) << "three in all: the hung one, and two that are out";
}

TEST(Probes, AHungOneThatIsDroppedStaysAFailure) {
  Due bench{probing(3, 1.0)};
  {
    auto hung = bench.acquire();
    bench.time.advance(5s);
    bench.breaker.advance(bench.time.now());
  }
  EXPECT_EQ(bench.snapshot().half_open.failed, 1U);
  EXPECT_EQ(bench.snapshot().half_open.in_flight, 0U);
  EXPECT_EQ(bench.snapshot().totals.ignored, 1U);
  EXPECT_EQ(bench.snapshot().totals.late, 0U) << "neither a success nor a failure";
}

TEST(Probes, ThatHangBackOffLikeProbesThatFail) {
  CircuitBreakerOptions options = probing(1);
  options.backoff = 2;
  Due bench{options};
  auto hung = bench.acquire();
  bench.time.advance(5s);
  const auto refused = bench.acquire();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.rejection().retry_after, Duration{20s});
  EXPECT_EQ(bench.snapshot().relapses, 1U);
}

TEST(Probes, AnOperatorsResetForgetsThoseThatAreOut) {
  Due bench{probing(2)};
  auto hung = bench.acquire();
  bench.command(Command::reset);
  EXPECT_FALSE(bench.breaker.next_due());
  bench.time.advance(1h);
  bench.fail(2);
  bench.time.advance(10s);
  auto probe = bench.acquire();
  std::move(*hung).record(Verdict::failure, bench.time.now());
  EXPECT_EQ(bench.state(), State::half_open);
  EXPECT_EQ(bench.snapshot().half_open.in_flight, 1U);
}

TEST(Probes, ThatHangInMetricsOnlyRefuseNobody) {
  CircuitBreakerOptions options = probing(1);
  Bench bench{options};
  bench.command(Command::metrics_only);
  bench.fail(2);
  bench.time.advance(10s);
  auto hung = bench.acquire();
  EXPECT_TRUE(hung->counts());
  EXPECT_TRUE(bench.succeed()) << "passes, unrecorded";
  bench.time.advance(5s);
  EXPECT_TRUE(bench.succeed());
  EXPECT_EQ(bench.state(), State::open);
  EXPECT_EQ(bench.snapshot().totals.would_reject, 2U);
  EXPECT_TRUE(bench.events.rejections.empty());
}

TEST(Probes, ALateOneDoesNotHideAStuckCallOfTheClosedBreaker) {
  CircuitBreakerOptions options = probing(2);
  options.half_open.success_threshold = 1;
  options.stuck_calls = StuckCallsRule{1s, 1};
  Due bench{options};
  auto late = bench.acquire();
  bench.succeed();
  ASSERT_EQ(bench.state(), State::closed);
  auto stuck = bench.acquire();
  std::move(*late).record(Verdict::success, bench.time.now());
  bench.time.advance(2s);
  EXPECT_FALSE(bench.acquire());
  EXPECT_EQ(bench.last().rule, Rule::stuck_calls);
}

TEST(Probes, SomeGoodOnesAreEnoughWhenTheThresholdSaysSo) {
  CircuitBreakerOptions options = probing(5);
  options.half_open.success_threshold = 2;
  Due bench{options};
  auto out = bench.acquire();
  bench.succeed();
  EXPECT_EQ(bench.state(), State::half_open);
  bench.succeed();
  EXPECT_EQ(bench.state(), State::closed);
  EXPECT_EQ(bench.last().rule, Rule::recovered);
  std::move(*out).record(Verdict::failure, bench.time.now());
  EXPECT_EQ(bench.snapshot().window.consecutive_failures, 0U) << "late";

  Due failing{options};
  failing.succeed();
  failing.fail();
  EXPECT_EQ(failing.state(), State::open) << "the threshold tolerates no failure";
}

TEST(Probes, ARefusedCallIsToldToComeBackWithinASecondBecauseAProbeMayEndAtAnyMoment) {
  Due bench{probing(1)};
  auto probe = bench.acquire();
  const auto retry_after = [&] {
    const auto refused = bench.acquire();
    return refused ? std::nullopt : refused.rejection().retry_after;
  };
  EXPECT_EQ(retry_after(), Duration{1s});
  bench.time.advance(4600ms);
  EXPECT_EQ(retry_after(), Duration{400ms}) << "then the probe has hung";
}

TEST(Probes, OneWhoseCallerKeepsItWaitingGivesItsPlaceToAnother) {
  Due bench{probing(1)};
  auto slow = bench.acquire();
  EXPECT_FALSE(bench.succeed()) << "the only place is taken";
  slow->set_aside(bench.time.now());
  EXPECT_EQ(bench.state(), State::half_open);
  EXPECT_TRUE(bench.succeed());
  EXPECT_EQ(bench.state(), State::closed);
  std::move(*slow).record(Verdict::failure, bench.time.now());
  EXPECT_EQ(bench.snapshot().window.failures, 0U) << "it has no part in this any more";
}

TEST(Probes, OneThatWasSetAsideJoinsAgainWhereThereIsAPlace) {
  Due bench{probing(1)};
  auto slow = bench.acquire();
  slow->set_aside(bench.time.now());
  bench.time.advance(20s);
  EXPECT_EQ(bench.state(), State::half_open) << "nothing hangs";
  CircuitBreaker::Permit again = bench.breaker.rejoin(bench.time.now());
  EXPECT_FALSE(bench.succeed()) << "it has the place";
  std::move(again).record(Verdict::success, bench.time.now());
  EXPECT_EQ(bench.state(), State::closed);
}

TEST(Probes, OneThatWasSetAsideCountsAsACallIfTheBreakerHasClosedMeanwhile) {
  Due bench{probing(1)};
  auto slow = bench.acquire();
  slow->set_aside(bench.time.now());
  bench.succeed();
  CircuitBreaker::Permit again = bench.breaker.rejoin(bench.time.now());
  std::move(again).record(Verdict::failure, bench.time.now());
  EXPECT_EQ(bench.snapshot().window.consecutive_failures, 1U);
}

TEST(Probes, OneThatWasSetAsideRecordsNothingIfTheBreakerIsOpenMeanwhileOrAllPlacesAreTaken) {
  Due bench{probing(1)};
  auto slow = bench.acquire();
  slow->set_aside(bench.time.now());
  auto other = bench.acquire();
  EXPECT_FALSE(bench.breaker.rejoin(bench.time.now()).counts());
  std::move(*other).record(Verdict::failure, bench.time.now());
  EXPECT_EQ(bench.state(), State::open);
  EXPECT_FALSE(bench.breaker.rejoin(bench.time.now()).counts());
}

TEST(Probes, OneWhoseCallerIsSlowToTakeTheAnswerCountsAsTheAnswerDoesOnce) {
  Due bench{probing(1)};
  auto slow = bench.acquire();
  slow->set_aside(Outcome::success(1ms), bench.time.now());
  EXPECT_EQ(bench.state(), State::closed);
  EXPECT_EQ(bench.last().rule, Rule::recovered);
  EXPECT_FALSE(slow->gave_place_back());
  std::move(*slow).record(Verdict::failure, bench.time.now());
  EXPECT_EQ(bench.snapshot().totals.successes, 1U);
  EXPECT_EQ(bench.snapshot().window.failures, 0U);

  Due failing{probing(1)};
  auto bad = failing.acquire();
  bad->set_aside(Outcome::failure(FailureType::http_error, 1ms), failing.time.now());
  EXPECT_EQ(failing.state(), State::open);
}

TEST(StuckCalls, DoNotIncludeOneWhoseCallerIsSlowToTakeTheAnswerWhichStillCountsAtItsEnd) {
  CircuitBreakerOptions options = simple();
  options.stuck_calls = StuckCallsRule{1s, 1};
  Bench bench{options};
  auto slow = bench.acquire();
  slow->set_aside(Outcome::success(1ms), bench.time.now());
  bench.time.advance(10s);
  EXPECT_TRUE(bench.succeed());
  EXPECT_EQ(bench.snapshot().totals.successes, 1U);
  std::move(*slow).record(Verdict::failure, bench.time.now());
  EXPECT_EQ(bench.snapshot().window.consecutive_failures, 1U);
}

TEST(StuckCalls, DoNotIncludeOneThatWaitsForItsCallerAndDoOnceItIsTakenUp) {
  CircuitBreakerOptions options = simple();
  options.stuck_calls = StuckCallsRule{1s, 1};
  Bench bench{options};
  auto slow = bench.acquire();
  slow->set_aside(bench.time.now());
  bench.time.advance(10s);
  EXPECT_TRUE(bench.succeed());
  slow->take_up(bench.time.now());
  slow->take_up(bench.time.now());
  EXPECT_TRUE(bench.succeed()) << "its time begins anew";
  bench.time.advance(2s);
  EXPECT_FALSE(bench.succeed());
  EXPECT_EQ(bench.state(), State::open);
}

}  // namespace
}  // namespace switchgear
