#include "switchgear/pipeline/pipeline.hpp"

#include <gtest/gtest.h>

#include "switchgear/pipeline/pipeline_fixture.hpp"
#include "switchgear/pipeline/two_step.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;
using testing::fails;
using testing::ManualTime;
using testing::Ran;
using testing::run;
using testing::succeeds;

CircuitBreakerOptions opens_after(std::uint32_t failures) {
  CircuitBreakerOptions options;
  options.consecutive_failures = failures;
  options.open_duration = 10s;
  return options;
}

RetryOptions three_times() {
  RetryOptions options;
  options.max_attempts = 3;
  options.backoff = Backoff::fixed;
  options.base = 100ms;
  options.jitter = Jitter::none;
  return options;
}

class PipelineTest : public ::testing::Test {
 protected:
  [[nodiscard]] CallTotals totals() const { return breaker.snapshot(time.now()).totals; }

  ManualTime time;
  CircuitBreaker breaker{"payment", opens_after(3), {nullptr, 0, {}, time.now()}};
  Retry retry{"payment", three_times()};
  Bulkhead bulkhead{"payment", {.max_concurrent = 1}};
  Timeout timeout{"payment", 1s};
  Deadline deadline{"payment", 3s};
  RateLimiter limiter{"payment", {.rate = 10, .burst = 1, .max_wait = 1s}};
};

TEST_F(PipelineTest, WithoutPoliciesMakesTheCallOnce) {
  const Pipeline<> pipeline;
  const Ran ran = run(pipeline, time, {fails()});
  EXPECT_EQ(ran.attempts, 1U);
  EXPECT_TRUE(ran.failed());
}

TEST_F(PipelineTest, CountsEveryAttemptInABreakerInsideARetry) {
  const Pipeline pipeline{retry, breaker};
  const Ran ran = run(pipeline, time, {fails(), fails(), succeeds()});
  EXPECT_EQ(ran.attempts, 3U);
  EXPECT_EQ(ran.outcome.verdict, Verdict::success);
  EXPECT_EQ(ran.started, (std::vector<Duration>{0ms, 100ms, 200ms}));
  EXPECT_EQ(totals().failures, 2U);
  EXPECT_EQ(totals().successes, 1U);
}

TEST_F(PipelineTest, AStreamIsJudgedWhenItBeginsAndKeepsItsPlaceUntilItEnds) {
  const Pipeline pipeline{bulkhead, retry, breaker};
  Execution execution{pipeline.policies()};
  EXPECT_EQ(execution.start(time.now()).kind, Step::Kind::attempt);
  execution.commit();
  execution.answer_began(0, Outcome::success(5ms), time.now());
  EXPECT_EQ(totals().successes, 1U);
  EXPECT_EQ(bulkhead.snapshot().in_use, 1U);
  time.advance(1h);
  const Outcome broken_off = Outcome::failure(FailureType::connection_error, 5ms);
  EXPECT_EQ(execution.on_outcome(0, broken_off, time.now()).kind, Step::Kind::done);
  EXPECT_EQ(totals().calls, 1U);
  EXPECT_EQ(totals().failures, 0U) << "recorded once";
  EXPECT_EQ(bulkhead.snapshot().in_use, 0U);
}

TEST_F(PipelineTest, CountsOneCallInABreakerOutsideARetry) {
  const Pipeline pipeline{breaker, retry};
  const Ran ran = run(pipeline, time, {fails()});
  EXPECT_EQ(ran.attempts, 3U);
  EXPECT_EQ(totals().calls, 1U);
  EXPECT_EQ(totals().failures, 1U);
}

TEST_F(PipelineTest, ABreakerOutsideARetryHearsTheLatencyOfTheLastAttempt) {
  CircuitBreakerOptions minds;
  minds.slow_call = SlowCallRule{150ms, 1};
  minds.minimum_calls = 10;
  CircuitBreaker outside{"outside", minds, {nullptr, 0, {}, time.now()}};
  const Ran ran = run(Pipeline{outside, retry}, time, {fails({}, 100ms), fails({}, 100ms), succeeds(100ms)});
  EXPECT_EQ(ran.took, 500ms) << "with two pauses";
  const CallTotals seen = outside.snapshot(time.now()).totals;
  EXPECT_EQ(seen.successes, 1U);
  EXPECT_EQ(seen.slow_successes, 0U);
}

TEST_F(PipelineTest, NeverRetriesAfterARefusalByABreaker) {
  breaker.command(Command::force_open, time.now());
  const Pipeline pipeline{retry, breaker};
  const Ran ran = run(pipeline, time, {succeeds()});
  EXPECT_EQ(ran.attempts, 0U);
  EXPECT_EQ(ran.how, Ending::How::refused);
  EXPECT_EQ(ran.rejection->reason, Reason::forced_open);
  EXPECT_EQ(ran.took, 0ms);
}

TEST_F(PipelineTest, StopsRetryingWhenTheBreakerOpensMeanwhile) {
  CircuitBreaker quick{"quick", opens_after(2), {nullptr, 0, {}, time.now()}};
  const Pipeline pipeline{retry, quick};
  const Ran ran = run(pipeline, time, {fails()});
  EXPECT_EQ(ran.attempts, 2U);
  EXPECT_EQ(ran.how, Ending::How::refused);
  EXPECT_EQ(ran.rejection->reason, Reason::open);
  EXPECT_EQ(*ran.rejection->retry_after, 10s - 100ms);
}

TEST_F(PipelineTest, ATimeoutIsAFailureOfTheBreakerAroundIt) {
  const Pipeline pipeline{breaker, timeout};
  const Ran ran = run(pipeline, time, {succeeds(2s)});
  EXPECT_EQ(ran.took, 1s);
  EXPECT_EQ(ran.outcome.type, FailureType::timeout);
  EXPECT_EQ(ran.rejection->reason, Reason::timed_out);
  EXPECT_EQ(ran.rejection->policy, "payment");
  EXPECT_EQ(totals().failures_by_type[static_cast<std::size_t>(FailureType::timeout)], 1U);
}

TEST_F(PipelineTest, GivesEachAttemptItsOwnTimeWithinTheDeadlineOfAll) {
  const Pipeline pipeline{deadline, retry, breaker, timeout};
  // 0 … 1 s, 1.1 … 2.1 s, 2.2 s … the deadline.
  const Ran ran = run(pipeline, time, {succeeds(5s)});
  EXPECT_EQ(ran.started, (std::vector<Duration>{0ms, 1100ms, 2200ms}));
  EXPECT_EQ(ran.took, 3s);
  EXPECT_EQ(totals().failures, 3U);
}

TEST_F(PipelineTest, NeverStartsAnAttemptAtOrAfterTheDeadline) {
  Deadline short_one{"short", 1100ms};
  const Pipeline pipeline{short_one, retry, timeout};
  const Ran ran = run(pipeline, time, {succeeds(5s)});
  EXPECT_EQ(ran.attempts, 1U) << "the second would begin at 1.1 s";
  EXPECT_EQ(ran.took, 1s);
}

TEST_F(PipelineTest, InheritsADeadlineAndNeverOutlastsIt) {
  const Pipeline pipeline{deadline, timeout};
  const Ran ran = run(pipeline, time, {succeeds(900ms)}, {.deadline = time.now() + 500ms});
  EXPECT_EQ(ran.took, 500ms);
  const Ran late = run(pipeline, time, {succeeds()}, {.deadline = time.now()});
  EXPECT_EQ(late.attempts, 0U);
  EXPECT_EQ(late.rejection->reason, Reason::deadline_exceeded);
  EXPECT_EQ(late.rejection->policy, "caller");
}

TEST_F(PipelineTest, TheCallersOwnDeadlineIsATimeoutForEveryPolicyToo) {
  const Pipeline pipeline{retry, breaker};
  const Ran ran = run(pipeline, time, {succeeds(5s)}, {.deadline = time.now() + 1s});
  EXPECT_EQ(ran.attempts, 1U);
  EXPECT_EQ(ran.rejection->reason, Reason::timed_out);
  EXPECT_EQ(ran.rejection->policy, "caller");
  EXPECT_EQ(totals().failures_by_type[static_cast<std::size_t>(FailureType::timeout)], 1U);
}

TEST_F(PipelineTest, ACallerInAHurryDoesNotOpenTheBreakerForAllOthers) {
  const Pipeline pipeline{retry, breaker, timeout};
  for (int i = 0; i < 10; ++i) {
    const Ran ran = run(pipeline, time, {succeeds(5s)}, {.deadline = time.now() + 500ms});
    EXPECT_EQ(ran.rejection->reason, Reason::timed_out);
    EXPECT_EQ(ran.rejection->policy, "caller");
    EXPECT_TRUE(ran.failed()) << "for the caller, and for a fallback, it is a timeout like any other";
  }
  EXPECT_EQ(totals().failures, 0U);
  EXPECT_EQ(totals().ignored, 10U);
  EXPECT_EQ(breaker.state(), State::closed);
}

TEST_F(PipelineTest, ACallerThatGivesAsMuchTimeAsTheTimeoutIsNotInAHurry) {
  const Pipeline pipeline{breaker, timeout};
  const Ran ran = run(pipeline, time, {succeeds(5s)}, {.deadline = time.now() + 1s});
  EXPECT_EQ(ran.rejection->policy, timeout.name());
  EXPECT_EQ(totals().failures_by_type[static_cast<std::size_t>(FailureType::timeout)], 1U);
  EXPECT_EQ(timeout.snapshot().totals.timed_out, 1U);
}

TEST_F(PipelineTest, TheProgramsOwnLimitIsATimeoutHoweverLongThoseOfThePipelineAre) {
  const Pipeline pipeline{breaker, timeout};
  for (const Duration limit : {500ms, 1000ms, 999ms}) {
    CallOptions about;
    about.end_at(time.now() + limit);
    const Ran ran = run(pipeline, time, {succeeds(5s)}, about);
    EXPECT_EQ(ran.took, limit);
    EXPECT_EQ(ran.rejection->reason, Reason::timed_out);
  }
  EXPECT_EQ(totals().failures_by_type[static_cast<std::size_t>(FailureType::timeout)], 3U);
  EXPECT_EQ(totals().ignored, 0U);
  EXPECT_EQ(breaker.state(), State::open);
}

TEST_F(PipelineTest, ACallerThatWaitsLessThanTheProgramWouldIsInAHurryThoughNoPolicyHasALimit) {
  const Pipeline pipeline{breaker};
  CallOptions about{.deadline = time.now() + 500ms};
  about.end_at(time.now() + 2s);
  (void)run(pipeline, time, {succeeds(5s)}, about);
  EXPECT_EQ(totals().ignored, 1U);
  about = {.deadline = time.now() + 2s};
  about.end_at(time.now() + 2s);
  (void)run(pipeline, time, {succeeds(5s)}, about);
  EXPECT_EQ(totals().ignored, 1U) << "as long as the program would have waited";
  EXPECT_EQ(totals().failures, 1U);
}

TEST_F(PipelineTest, AHurriedCallCountsWhenItEndsBeforeItsTime) {
  const Pipeline pipeline{breaker, timeout};
  (void)run(pipeline, time, {fails(FailureType::http_error, 400ms)}, {.deadline = time.now() + 500ms});
  (void)run(pipeline, time, {succeeds(400ms)}, {.deadline = time.now() + 500ms});
  EXPECT_EQ(totals().failures, 1U);
  EXPECT_EQ(totals().successes, 1U);
}

TEST_F(PipelineTest, ATimeoutCountsThoughTheCallersDeadlineComesLater) {
  const Pipeline pipeline{deadline, retry, breaker, timeout};
  // 0 … 1 s is the timeout's; 1.1 … 1.8 s is the caller's.
  const Ran ran = run(pipeline, time, {succeeds(5s)}, {.deadline = time.now() + 1800ms});
  EXPECT_EQ(ran.attempts, 2U);
  EXPECT_EQ(totals().failures, 1U);
  EXPECT_EQ(totals().ignored, 1U);
}

TEST_F(PipelineTest, AHurriedProbeMakesRoomForAnother) {
  const Pipeline pipeline{breaker, timeout};
  (void)run(pipeline, time, {fails()});
  (void)run(pipeline, time, {fails()});
  (void)run(pipeline, time, {fails()});
  time.advance(10s);
  (void)run(pipeline, time, {succeeds(5s)}, {.deadline = time.now() + 500ms});
  EXPECT_EQ(breaker.state(), State::half_open);
  EXPECT_EQ(run(pipeline, time, {succeeds()}).how, Ending::How::completed);
}

TEST_F(PipelineTest, EndsAWaitForASlotAtTheDeadline) {
  Bulkhead patient{"patient", {.max_concurrent = 1, .max_queue = 1, .max_wait = 10s}};
  auto held = patient.try_acquire();
  const Ran ran = run(Pipeline{deadline, patient}, time, {succeeds()});
  EXPECT_EQ(ran.took, 3s);
  EXPECT_EQ(ran.rejection->reason, Reason::queue_timeout);
  EXPECT_EQ(patient.snapshot().waiting, 0U);
}

TEST_F(PipelineTest, AGroupGivesTheOuterPermitsBackWhenAnInnerBreakerRefuses) {
  CircuitBreaker tenant{"tenant", opens_after(3), {nullptr, 0, {}, time.now()}};
  BreakerGroup path{&breaker, &tenant};
  const Pipeline pipeline{retry, path};
  EXPECT_EQ(run(pipeline, time, {fails(), succeeds()}).attempts, 2U);
  EXPECT_EQ(totals().failures, 1U);
  EXPECT_EQ(tenant.snapshot(time.now()).totals.failures, 1U);
  tenant.command(Command::force_open, time.now());
  const Ran ran = run(pipeline, time, {succeeds()});
  EXPECT_EQ(ran.rejection->policy, "tenant");
  EXPECT_EQ(totals().ignored, 1U);
}

TEST_F(PipelineTest, ABulkheadsRefusalIsNobodysFailure) {
  auto held = bulkhead.try_acquire();
  const Pipeline pipeline{retry, breaker, bulkhead};
  const Ran ran = run(pipeline, time, {succeeds()});
  EXPECT_EQ(ran.rejection->reason, Reason::bulkhead_full);
  EXPECT_EQ(ran.attempts, 0U);
  EXPECT_EQ(totals().failures, 0U);
  EXPECT_EQ(totals().ignored, 1U);
}

TEST_F(PipelineTest, FreesTheSlotHoweverTheCallEnds) {
  const Pipeline pipeline{bulkhead, timeout};
  for (const auto& script : {succeeds(), fails(), succeeds(5s)}) {
    run(pipeline, time, {script});
    EXPECT_EQ(bulkhead.snapshot().in_use, 0U);
  }
  {
    Execution<Bulkhead, Timeout> abandoned{pipeline.policies()};
    EXPECT_EQ(abandoned.start(time.now()).kind, Step::Kind::attempt);
    EXPECT_EQ(bulkhead.snapshot().in_use, 1U);
  }
  EXPECT_EQ(bulkhead.snapshot().in_use, 0U);
}

TEST_F(PipelineTest, WaitsForAToken) {
  const Pipeline pipeline{limiter};
  EXPECT_EQ(run(pipeline, time, {succeeds()}).took, 0ms);
  EXPECT_EQ(run(pipeline, time, {succeeds()}).took, 100ms);
}

TEST_F(PipelineTest, GivesTheTokenBackWhenTheCallerGoesAwayWhileWaiting) {
  const Pipeline pipeline{limiter};
  EXPECT_EQ(run(pipeline, time, {succeeds()}).took, 0ms);
  for (int i = 0; i < 5; ++i) {
    testing::NoWaker waker;
    Execution<RateLimiter> waiting{pipeline.policies(), {}, &waker};
    ASSERT_EQ(waiting.start(time.now()).kind, Step::Kind::wait);
    EXPECT_EQ(waiting.cancel(time.now()).kind, Step::Kind::done);
    EXPECT_EQ(waiting.rejection().reason, Reason::cancelled);
  }
  EXPECT_EQ(run(pipeline, time, {succeeds()}).took, 100ms);
}

TEST_F(PipelineTest, BeginsNoWaitForATokenThatWouldNotEndBeforeTheDeadline) {
  const Pipeline pipeline{limiter};
  EXPECT_EQ(run(pipeline, time, {succeeds()}).took, 0ms);
  const Ran hurried = run(pipeline, time, {succeeds()}, {.deadline = time.now() + 100ms});
  EXPECT_EQ(hurried.how, Ending::How::refused);
  EXPECT_EQ(hurried.rejection->reason, Reason::rate_limited);
  EXPECT_EQ(*hurried.rejection->retry_after, 100ms);
  EXPECT_EQ(hurried.took, 0ms);
  EXPECT_EQ(run(pipeline, time, {succeeds()}).took, 100ms) << "and spends no token";
}

TEST_F(PipelineTest, PassesOverPoliciesThatAreNull) {
  Bulkhead* none = nullptr;
  const Pipeline pipeline{&retry, none, &breaker};
  const Ran ran = run(pipeline, time, {fails(), succeeds()});
  EXPECT_EQ(ran.attempts, 2U);
  EXPECT_EQ(totals().calls, 2U);
}

TEST_F(PipelineTest, LeavesCallsAloneThatMustNotBeRepeated) {
  const Pipeline pipeline{retry};
  EXPECT_EQ(run(pipeline, time, {fails()}, {.repeatable = Repeatable::no}).attempts, 1U);
}

TEST_F(PipelineTest, MakesNothingAgainOnceTheAnswerHasBegun) {
  const Pipeline pipeline{retry};
  Execution<Retry> execution{pipeline.policies()};
  ASSERT_EQ(execution.start(time.now()).kind, Step::Kind::attempt);
  execution.commit();
  EXPECT_EQ(execution.on_outcome(0, Outcome::failure(FailureType::connection_error, 1ms), time.now()).kind,
            Step::Kind::done);
}

TEST_F(PipelineTest, ACancelledAttemptIsIgnoredByAll) {
  const Pipeline pipeline{retry, breaker};
  Execution<Retry, CircuitBreaker> execution{pipeline.policies()};
  ASSERT_EQ(execution.start(time.now()).kind, Step::Kind::attempt);
  EXPECT_EQ(execution.on_outcome(0, Outcome::ignored(), time.now()).kind, Step::Kind::done);
  EXPECT_EQ(totals().ignored, 1U);
}

TEST_F(PipelineTest, TheTwoStepWayAsksEveryPolicyAndNeverWaits) {
  const Pipeline pipeline{limiter, bulkhead, retry, breaker, timeout};
  auto first = try_acquire(pipeline, time.now());
  ASSERT_TRUE(first);
  EXPECT_EQ(first.deadline(), time.now() + 1s);
  auto second = try_acquire(pipeline, time.now());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.rejection().reason, Reason::rate_limited);
  EXPECT_EQ(*second.rejection().retry_after, 100ms);
  first.record(Outcome::failure(FailureType::timeout, 1ms), time.now());
  first.record(Outcome::success(1ms), time.now());
  EXPECT_EQ(totals().failures, 1U);
  EXPECT_EQ(totals().successes, 0U);
  EXPECT_EQ(bulkhead.snapshot().in_use, 0U);
}

}  // namespace
}  // namespace switchgear
