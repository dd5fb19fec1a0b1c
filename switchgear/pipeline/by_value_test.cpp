// Breakers by value in a pipeline: inside the breaker for all, one call's value with the call.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "switchgear/pipeline/answer.hpp"
#include "switchgear/pipeline/pipeline_fixture.hpp"
#include "switchgear/pipeline/standard_order.hpp"
#include "switchgear/policy/cache.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;
using testing::fails;
using testing::ManualTime;
using testing::NoWaker;
using testing::run;

CircuitBreakerOptions opens_after(std::uint32_t failures) {
  CircuitBreakerOptions options;
  options.consecutive_failures = failures;
  options.open_duration = 30s;
  return options;
}

struct ByValueTest : ::testing::Test {
  ManualTime time;
  CircuitBreaker all{"shop", opens_after(3), {.created = time.now()}};
  BreakersByValue tenants{"shop/tenant", opens_after(2), {}, {.created = time.now()}};
  CallOptions bad{.value = "bad"};
  CallOptions good{.value = "good"};
};

TEST_F(ByValueTest, RefuseTheValueThatFailsInsideABreakerForAll) {
  const auto pipeline = standard_pipeline(tenants, all);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(run(pipeline, time, {fails()}, bad).failed());
  const auto refused = run(pipeline, time, {}, bad);
  ASSERT_EQ(refused.how, Ending::How::refused);
  EXPECT_EQ(refused.rejection->policy, "shop/tenant");
  EXPECT_EQ(refused.rejection->retry_after, 30s);
  EXPECT_EQ(run(pipeline, time, {}, good).how, Ending::How::completed);
  EXPECT_EQ(run(pipeline, time, {}).how, Ending::How::completed);
  EXPECT_EQ(all.snapshot(time.now()).totals.calls, 5U);
  EXPECT_EQ(all.snapshot(time.now()).totals.ignored, 1U) << "the permit of the refused call came back";
}

TEST_F(ByValueTest, GiveTheirProbeBackWhileItsCallWaitsForItsCallerAndTakeItUpAfterThat) {
  CircuitBreakerOptions options = opens_after(1);
  options.half_open.permitted_calls = 1;
  CircuitBreaker outer{"shop", options, {.created = time.now()}};
  BreakersByValue inner{"shop/tenant", options, {}, {.created = time.now()}};
  const auto pipeline = standard_pipeline(outer, inner);
  EXPECT_TRUE(run(pipeline, time, {fails()}, bad).failed());
  time.advance(30s);
  Execution slow{pipeline.policies(), bad};
  ASSERT_EQ(slow.start(time.now()).kind, Step::Kind::attempt);
  EXPECT_EQ(run(pipeline, time, {}, bad).how, Ending::How::refused) << "it is the only probe";
  slow.set_aside(0, time.now());
  time.advance(5min);
  EXPECT_EQ(outer.state(), State::half_open) << "nothing hangs";
  slow.take_up(0, time.now());
  EXPECT_EQ(run(pipeline, time, {}, bad).how, Ending::How::refused) << "it is the probe again";
  (void)slow.on_outcome(0, Outcome::success(1ms), time.now());
  EXPECT_EQ(outer.state(), State::closed);
  EXPECT_EQ(inner.find("bad", time.now()).value().state, State::closed);
}

TEST_F(ByValueTest, JudgeTheirProbeByTheBeginningOfAnAnswerThatItsCallerIsSlowToTake) {
  CircuitBreakerOptions options = opens_after(1);
  options.half_open.permitted_calls = 1;
  CircuitBreaker outer{"shop", options, {.created = time.now()}};
  BreakersByValue inner{"shop/tenant", options, {}, {.created = time.now()}};
  const auto pipeline = standard_pipeline(outer, inner);
  EXPECT_TRUE(run(pipeline, time, {fails()}, bad).failed());
  time.advance(30s);
  Execution slow{pipeline.policies(), bad};
  ASSERT_EQ(slow.start(time.now()).kind, Step::Kind::attempt);
  slow.set_aside(0, Outcome::success(1ms), time.now());
  EXPECT_EQ(outer.state(), State::closed);
  EXPECT_EQ(inner.find("bad", time.now()).value().state, State::closed);
  slow.take_up(0, time.now());
  (void)slow.on_outcome(0, Outcome::failure(FailureType::connection_error, 1ms), time.now());
  EXPECT_EQ(outer.state(), State::closed) << "it has counted";
  EXPECT_EQ(outer.snapshot(time.now()).totals.successes, 1U);
}

TEST_F(ByValueTest, GiveAProbeOfTheOuterBreakerBackWhenTheyRefuse) {
  const auto pipeline = standard_pipeline(all, tenants);
  for (int i = 0; i < 2; ++i) (void)run(pipeline, time, {fails()}, bad);
  time.advance(20s);
  for (int i = 0; i < 3; ++i) (void)run(pipeline, time, {fails()});
  ASSERT_EQ(all.state(), State::open);
  time.advance(30s);
  tenants.command("bad", Command::force_open, time.now());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(run(pipeline, time, {}, bad).rejection->policy, "shop/tenant");
  EXPECT_EQ(all.state(), State::half_open);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(run(pipeline, time, {}, good).how, Ending::How::completed);
  EXPECT_EQ(all.state(), State::closed);
}

TEST_F(ByValueTest, CountTimeoutsOfTheirOwnValueAlone) {
  Timeout timeout{"shop", 1s};
  const auto pipeline = standard_pipeline(timeout, tenants);
  for (int i = 0; i < 2; ++i) (void)run(pipeline, time, {{.takes = 5s}}, bad);
  EXPECT_EQ(tenants.find("bad", time.now())->state, State::open);
  EXPECT_EQ(run(pipeline, time, {}, good).how, Ending::How::completed);
}

TEST_F(ByValueTest, IgnoreAttemptsThatTheirCallersDeadlineCutShort) {
  Timeout timeout{"shop", 2s};
  const auto pipeline = standard_pipeline(timeout, tenants);
  for (int i = 0; i < 5; ++i) {
    bad.deadline = time.now() + 50ms;
    EXPECT_TRUE(run(pipeline, time, {{.takes = 5s}}, bad).failed());
  }
  EXPECT_EQ(tenants.find("bad", time.now())->state, State::closed);
}

TEST_F(ByValueTest, EndACallThatWouldBeRetried) {
  Retry retry{"shop", {.max_attempts = 5, .base = 1ms}};
  const auto pipeline = standard_pipeline(retry, tenants);
  const auto ran = run(pipeline, time, {fails()}, bad);
  EXPECT_EQ(ran.attempts, 2U);
  EXPECT_EQ(ran.how, Ending::How::refused);
}

// Both ask for the same answer. That the first one's tenant is refused is no reason to refuse the second.
TEST_F(ByValueTest, AreNotTheReasonToRefuseAnotherCallerWhoWaitsForTheSameAnswer) {
  Retry retry{"shop", {.max_attempts = 5, .backoff = Backoff::fixed, .base = 1ms, .jitter = Jitter::none}};
  Cache<std::string> cache{"shop", {.ttl = 1min, .max_entries = 10}};
  const auto pipeline = standard_pipeline(cache, retry, tenants);
  using Machine = decltype(pipeline)::Machine;
  bad.key = good.key = "item";
  NoWaker waker;
  Answer<std::string> answer;
  (void)run(pipeline, time, {fails()}, {.value = "bad"});  // without a key; opens its breaker
  time.advance(31s);
  Machine first{pipeline.policies(), bad, &waker, &answer};
  ASSERT_EQ(first.start(time.now()).kind, Step::Kind::attempt) << "a probe";
  Machine second{pipeline.policies(), good, &waker, &answer};
  ASSERT_EQ(second.start(time.now()).kind, Step::Kind::wait);
  Step step = first.on_outcome(0, Outcome::failure(FailureType::connection_error, 1ms), time.now());
  if (step.kind == Step::Kind::wait) {
    time.advance(1ms);
    step = first.on_timer(time.now());
  }
  ASSERT_EQ(first.ending().how, Ending::How::refused);
  EXPECT_EQ(second.on_timer(time.now()).kind, Step::Kind::attempt);
}

}  // namespace
}  // namespace switchgear
