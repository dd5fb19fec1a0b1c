// Attempts that wait for something of their caller's own, such as a free connection, before they reach what
// they call.
#include <gtest/gtest.h>

#include <optional>

#include "switchgear/pipeline/pipeline_fixture.hpp"
#include "switchgear/pipeline/standard_order.hpp"
#include "switchgear/policy/breaker_group.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;
using testing::fails;
using testing::ManualTime;
using testing::run;

CircuitBreakerOptions one_probe() {
  CircuitBreakerOptions options;
  options.consecutive_failures = 1;
  options.open_duration = 30s;
  options.half_open.permitted_calls = 1;
  return options;
}

struct OwnWaitTest : ::testing::Test {
  ManualTime time;
  CircuitBreaker breaker{"shop", one_probe(), {.created = time.now()}};
  BreakersByValue tenants{"shop/tenant", one_probe(), {}, {.created = time.now()}};
  CallOptions acme{.value = "acme"};

  template <class P>
  void open_and_let_pass(const P& pipeline) {
    EXPECT_TRUE(run(pipeline, time, {fails()}, acme).failed());
    time.advance(30s);
  }
  /// After such a wait.
  template <class E>
  [[nodiscard]] std::optional<TimePoint> readmitted(E& call, Duration waited) {
    call.set_aside(0, time.now());
    time.advance(waited);
    return call.readmit(0, waited, time.now());
  }
};

TEST_F(OwnWaitTest, MovesATimeoutAndNoDeadline) {
  Timeout timeout{"shop", 2s};
  Deadline deadline{"shop", 3s};
  const auto timed = standard_pipeline(timeout, breaker);
  const auto bounded = standard_pipeline(timeout, deadline, breaker);
  const TimePoint start = time.now();
  Execution free{timed.policies()};
  Execution limited{bounded.policies()};
  const CallOptions hurried{.deadline = start + 2500ms};
  Execution hurry{timed.policies(), hurried};
  for (const Step& step : {free.start(start), limited.start(start), hurry.start(start)})
    EXPECT_EQ(step.until, start + 2s);
  for (auto* each : {&free, &hurry}) each->set_aside(0, start);
  limited.set_aside(0, start);
  time.advance(1500ms);
  EXPECT_EQ(free.readmit(0, 1500ms, time.now()), start + 3500ms);
  EXPECT_EQ(limited.readmit(0, 1500ms, time.now()), start + 3s);
  EXPECT_EQ(hurry.readmit(0, 1500ms, time.now()), start + 2500ms);
}

TEST_F(OwnWaitTest, OfACallerWhoseDeadlineItReachesAtTheSameInstantAsTheTimeoutMakesNoHurry) {
  Timeout timeout{"shop", 2s};
  const Pipeline pipeline{breaker, timeout};
  const CallOptions about{.deadline = time.now() + 3s};
  Execution call{pipeline.policies(), about};
  (void)call.start(time.now());
  ASSERT_EQ(readmitted(call, 1s), about.deadline);
  time.advance(2s);
  (void)call.on_timeout(0, 2s, time.now());
  EXPECT_EQ(call.rejection().policy, "shop");
  EXPECT_EQ(breaker.snapshot(time.now()).totals.failures, 1U);
}

TEST_F(OwnWaitTest, DoesNotMoveTheTimeOfAllAttemptsTogether) {
  Timeout each{"each", 2s};
  Timeout all{"all", 3s};
  Retry retry{"shop", {.max_attempts = 2, .base = 1ms}};
  const Pipeline pipeline{all, retry, each};
  const TimePoint start = time.now();
  Execution call{pipeline.policies()};
  EXPECT_EQ(call.start(start).until, start + 2s);
  EXPECT_EQ(readmitted(call, 1500ms), start + 3s);
}

TEST_F(OwnWaitTest, GivesAProbesPlaceToAnotherAndRequestsOneAnew) {
  for (const bool refuses : {false, true}) {
    CircuitBreaker fresh{"shop", one_probe(), {.created = time.now()}};
    const auto pipeline = standard_pipeline(fresh);
    open_and_let_pass(pipeline);
    Execution waits{pipeline.policies()};
    ASSERT_EQ(waits.start(time.now()).kind, Step::Kind::attempt);
    waits.set_aside(0, time.now());
    time.advance(5min);
    EXPECT_EQ(fresh.state(), State::half_open) << "nothing hangs";
    Execution other{pipeline.policies()};
    ASSERT_EQ(other.start(time.now()).kind, Step::Kind::attempt) << "the place is free";
    if (!refuses) {
      (void)other.on_outcome(0, Outcome::success(1ms), time.now());
      EXPECT_TRUE(waits.readmit(0, 5min, time.now())) << "the breaker is closed";
      (void)waits.on_outcome(0, Outcome::success(1ms), time.now());
      EXPECT_EQ(fresh.snapshot(time.now()).totals.successes, 2U);
      continue;
    }
    EXPECT_FALSE(waits.readmit(0, 5min, time.now())) << "the only place is taken";
    EXPECT_EQ(waits.on_refusal(0, time.now()).kind, Step::Kind::done);
    EXPECT_EQ(waits.ending().how, Ending::How::refused);
    EXPECT_EQ(waits.rejection().reason, Reason::half_open);
    (void)other.on_outcome(0, Outcome::success(1ms), time.now());
    EXPECT_EQ(fresh.state(), State::closed);
    EXPECT_EQ(fresh.snapshot(time.now()).totals.ignored, 1U);
  }
}

TEST_F(OwnWaitTest, GivesEveryProbeOfAPathBackIfOneBreakerRefuses) {
  const auto pipeline = standard_pipeline(breaker, tenants);
  open_and_let_pass(pipeline);
  Execution waits{pipeline.policies(), acme};
  ASSERT_EQ(waits.start(time.now()).kind, Step::Kind::attempt);
  waits.set_aside(0, time.now());
  tenants.command("acme", Command::force_open, time.now());
  EXPECT_FALSE(waits.readmit(0, 0s, time.now()));
  EXPECT_EQ(waits.on_refusal(0, time.now()).kind, Step::Kind::done);
  EXPECT_EQ(waits.rejection().policy, "shop/tenant");
  EXPECT_EQ(run(pipeline, time, {}).how, Ending::How::completed) << "the outer one's place is free again";
  EXPECT_EQ(breaker.state(), State::closed);
}

TEST_F(OwnWaitTest, IsKnownToAGroupOfBreakers) {
  CircuitBreaker inner{"item", one_probe(), {.created = time.now()}};
  BreakerGroup group{&breaker, &inner};
  const Pipeline pipeline{group};
  open_and_let_pass(pipeline);
  Execution waits{pipeline.policies()};
  ASSERT_EQ(waits.start(time.now()).kind, Step::Kind::attempt);
  EXPECT_TRUE(readmitted(waits, 5min)) << "it has its places again";
  EXPECT_EQ(run(pipeline, time, {}).how, Ending::How::refused);
  waits.set_aside(0, time.now());
  EXPECT_EQ(run(pipeline, time, {}).how, Ending::How::completed);
  waits.take_up(0, time.now());
  (void)waits.on_outcome(0, Outcome::failure(FailureType::exception, 1ms), time.now());
  EXPECT_EQ(breaker.state(), State::open) << "a call of the closed breakers";
  EXPECT_EQ(inner.state(), State::open);
}

TEST_F(OwnWaitTest, OfMostOfAnAttemptsTimeExcusesADependencyThatHasNotAnsweredInTheRest) {
  Timeout timeout{"shop", 1s};
  const auto pipeline = standard_pipeline(breaker, tenants, timeout);
  for (const CutOff how : {CutOff::after_own_wait, CutOff::at_limit}) {
    Execution call{pipeline.policies(), acme};
    ASSERT_EQ(call.start(time.now()).kind, Step::Kind::attempt);
    EXPECT_EQ(call.on_timeout(0, 1s, time.now(), how).kind, Step::Kind::done);
    EXPECT_EQ(call.rejection().reason, Reason::timed_out) << "its caller learns of it in any case";
    const State then = how == CutOff::at_limit ? State::open : State::closed;
    EXPECT_EQ(breaker.state(), then);
    EXPECT_EQ(tenants.find("acme", time.now())->state, then);
  }
}

TEST_F(OwnWaitTest, OfAHedgeThatIsRefusedLeavesTheOtherAttempt) {
  Hedge hedge{"shop", {.delay = 10ms, .max_hedges = 1}};
  CircuitBreakerOptions options = one_probe();
  options.half_open.permitted_calls = 2;
  CircuitBreaker pair{"shop", options, {.created = time.now()}};
  const Pipeline pipeline{hedge, pair};
  pair.command(Command::force_open, time.now());
  pair.command(Command::reset, time.now());
  Execution call{pipeline.policies()};
  ASSERT_EQ(call.start(time.now()).kind, Step::Kind::attempt);
  Step step = call.on_timer(time.now());
  ASSERT_EQ(step.kind, Step::Kind::wait);
  time.advance(10ms);
  step = call.on_timer(time.now());
  ASSERT_EQ(step.kind, Step::Kind::attempt);
  EXPECT_EQ(step.branch, 1U);
  call.set_aside(1, time.now());
  EXPECT_TRUE(call.readmit(1, 0s, time.now()));
  EXPECT_EQ(call.on_refusal(1, time.now()).kind, Step::Kind::wait) << "for the first";
  EXPECT_EQ(call.on_outcome(0, Outcome::success(1ms), time.now()).kind, Step::Kind::done);
  EXPECT_EQ(call.ending().how, Ending::How::completed);
}

}  // namespace
}  // namespace switchgear
