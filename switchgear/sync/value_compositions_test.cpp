// Policies that keep answers, in orders and company other than the usual ones.
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "switchgear/pipeline/two_step.hpp"
#include "switchgear/policy/cache.hpp"
#include "switchgear/policy/fallback.hpp"
#include "switchgear/sync/call.hpp"
#include "switchgear/testing/manual_time.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;

/// A reply whose status says what the policies make of it.
struct Reply {
  int status = 200;
};
Outcome outcome_of(const Reply& reply, Duration latency) {
  Outcome outcome =
      reply.status < 500 ? Outcome::success(latency) : Outcome::failure(FailureType::http_error, latency);
  if (reply.status == 429) outcome.repeat = Repeat::worthwhile;
  return outcome;
}

class NobodyWaits final : public Waker {
 public:
  void wake() noexcept override {}
};

/// Somebody else's call for the same key, which waits for ours.
template <class T, class P>
class Follower {
 public:
  Follower(const P& pipeline, const CallOptions& options)
      : execution_(pipeline.policies(), options, &waker_, &answer) {}

  Step start(TimePoint now) { return execution_.start(now); }
  Step look_again(TimePoint now) { return execution_.on_timer(now); }
  [[nodiscard]] const Ending& ending() const { return execution_.ending(); }
  [[nodiscard]] const std::optional<Rejection>& rejection() const { return execution_.last_rejection(); }

  Answer<T> answer;

 private:
  NobodyWaits waker_;
  typename P::Machine execution_;
};

class ValueCompositionsTest : public ::testing::Test {
 protected:
  static ChaosOptions always_fails() {
    ChaosOptions harm;
    harm.enabled = true;
    harm.fail = {1, FailureType::http_error};
    return harm;
  }
  static ChaosOptions always_waits(Duration length) {
    ChaosOptions harm;
    harm.enabled = true;
    harm.delay = {1, length, length};
    return harm;
  }
  static CircuitBreakerOptions minds_slow_calls() {
    CircuitBreakerOptions options;
    options.slow_call = SlowCallRule{100ms, 1};
    return options;
  }

  testing::ManualTime time;
  CallReport report;
  CallOptions options{.key = "item", .payload = "GET /item", .report = &report};
  Retry retry{"prices", {.max_attempts = 3, .base = 1ms, .jitter = Jitter::none}};
  Timeout timeout{"prices", 1s};
  CircuitBreaker breaker{"prices", minds_slow_calls(), {nullptr, 0, {}, time.now()}};
  Cache<std::string> cache{"prices", {.ttl = 5s}};
  Cache<Reply> replies{"prices", {.ttl = 5s}};
};

TEST_F(ValueCompositionsTest, ARetryAroundAFallbackThatFailsGivesTheAnswerOfALaterAttempt) {
  auto fails = Fallback<std::string>::fail("prices", "no prices today");
  int calls = 0;
  const auto better_the_second_time = [&] {
    if (++calls == 1) throw std::runtime_error("down");
    return std::string("a");
  };
  EXPECT_EQ(*try_call(Pipeline{retry, fails}, options, better_the_second_time, time), "a");
  EXPECT_EQ(report.attempts, 2U);
}

TEST_F(ValueCompositionsTest, AFallbackAroundOneThatFailedAnswersInItsStead) {
  auto remembered = Fallback<std::string>::cached("prices");
  auto value = Fallback<std::string>::value("prices", "unknown");
  const auto fetch = []() -> std::string { throw std::runtime_error("down"); };
  EXPECT_EQ(*try_call(Pipeline{value, remembered}, options, fetch, time), "unknown");
  CallQueue queue{"prices"};
  auto later = Fallback<std::string>::queue("prices", queue);
  const auto stored = try_call(Pipeline{later, remembered}, options, fetch, time);
  ASSERT_FALSE(stored);
  EXPECT_EQ(stored.rejection().reason, Reason::queued);
}

TEST_F(ValueCompositionsTest, AFallbackStandsInForARefusalOfAGuardedCallFurtherInside) {
  auto value = Fallback<std::string>::value("prices", "unknown");
  const Pipeline outer{value, retry, breaker};
  CircuitBreaker inner{"inner", minds_slow_calls(), {nullptr, 0, {}, time.now()}};
  inner.command(Command::force_open, time.now());
  const auto guarded = [&] { return call(inner, [] { return std::string("a"); }); };
  EXPECT_EQ(*try_call(outer, options, guarded, time), "unknown");
  EXPECT_EQ(report.attempts, 1U) << "and is no failure, and not tried again";
  EXPECT_EQ(breaker.snapshot(time.now()).totals.ignored, 1U);

  auto fails = Fallback<std::string>::fail("inner", "no prices");
  const Pipeline inside{fails, inner};
  const auto with_words = [&] { return call(inside, [] { return std::string("a"); }); };
  EXPECT_EQ(*try_call(outer, options, with_words, time), "unknown");

  const auto stored = [&]() -> std::string { throw Rejected({Reason::queued, "inner", {}}); };
  EXPECT_THROW((void)try_call(outer, options, stored, time), Rejected) << "is made later all the same";
}

TEST_F(ValueCompositionsTest, AValueThatIsAFailureDoesNotHideThatTheFallbackFailedToo) {
  auto remembered = Fallback<Reply>::cached("prices");
  const auto fails = [] { return Reply{503}; };
  EXPECT_THROW(call(Pipeline{remembered}, options, fails), FallbackError);
  EXPECT_EQ(try_call(Pipeline{remembered}, options, fails, time)->status, 503) << "is returned as it is";
  EXPECT_EQ(report.failure->fallback.code, FallbackErrc::nothing_remembered);
}

TEST_F(ValueCompositionsTest, WhatIsWorthAnotherAttemptIsNoGoodAnswerToRemember) {
  auto remembered = Fallback<Reply>::cached("prices");
  const Pipeline pipeline{remembered, replies};
  const auto ask = [&](int status) {
    return try_call(
               pipeline, options, [=] { return Reply{status}; }, time)
        ->status;
  };
  EXPECT_EQ(ask(429), 429);
  EXPECT_EQ(ask(200), 200) << "the 429 must not be given again";
  time.advance(5s);
  EXPECT_EQ(ask(429), 429);
  EXPECT_EQ(ask(503), 200) << "the last good answer";
}

TEST_F(ValueCompositionsTest, ATimeoutIsAFailureForThoseWhoWaitedForTheSameCallToo) {
  const Pipeline pipeline{retry, cache, timeout};
  options.repeatable = Repeatable::no;
  Follower<std::string, Pipeline<Retry, Cache<std::string>, Timeout>> follower{pipeline, options};
  const auto late = try_call(
      pipeline, options,
      [&] {
        EXPECT_EQ(follower.start(time.now()).kind, Step::Kind::wait);
        time.advance(2s);
        return std::string("late");
      },
      time);
  EXPECT_EQ(late.rejection().reason, Reason::timed_out);
  EXPECT_EQ(follower.look_again(time.now()).kind, Step::Kind::done);
  EXPECT_TRUE(follower.ending().failed());
  EXPECT_EQ(follower.ending().outcome->type, FailureType::timeout);
  ASSERT_TRUE(follower.rejection());
  EXPECT_EQ(follower.rejection()->reason, Reason::timed_out);
}

TEST_F(ValueCompositionsTest, AFallbackAroundASharedFailureIsToldWhatItWas) {
  std::string seen;
  auto fallback = Fallback<std::string>::function("prices", [&](const Cause& cause) {
    seen = cause.text();
    return std::string("guess");
  });
  const Pipeline pipeline{fallback, cache};
  Follower<std::string, Pipeline<Fallback<std::string>, Cache<std::string>>> follower{pipeline, options};
  const auto fetch = [&]() -> std::string {
    EXPECT_EQ(follower.start(time.now()).kind, Step::Kind::wait);
    throw std::runtime_error("no route");
  };
  EXPECT_EQ(*try_call(pipeline, options, fetch, time), "guess");
  seen.clear();
  EXPECT_EQ(follower.look_again(time.now()).kind, Step::Kind::done);
  EXPECT_EQ(*follower.answer.value, "guess");
  EXPECT_EQ(seen, "exception: no route");
}

TEST_F(ValueCompositionsTest, AnInjectedFailureIsNobodyElses) {
  Chaos chaos{"drill", always_fails(), 1};
  const Pipeline pipeline{cache, retry, chaos};
  using P = Pipeline<Cache<std::string>, Retry, Chaos>;
  Follower<std::string, P> leader{pipeline, options};
  Follower<std::string, P> follower{pipeline, options};
  EXPECT_EQ(leader.start(time.now()).kind, Step::Kind::wait) << "for the next attempt";
  EXPECT_EQ(follower.start(time.now()).kind, Step::Kind::wait) << "for the leader";
  for (int attempt = 2; attempt <= 3; ++attempt) static_cast<void>(leader.look_again(time.advance(1s)));
  EXPECT_TRUE(leader.ending().failed());
  chaos.enable(false);
  EXPECT_EQ(follower.look_again(time.now()).kind, Step::Kind::attempt) << "makes a call of its own";
}

TEST_F(ValueCompositionsTest, AnInjectedRefusalIsNobodysFailureAndSaysSo) {
  ChaosOptions harm;
  harm.enabled = true;
  harm.abort.probability = 1;
  Chaos chaos{"drill", harm, 1};
  const auto refused = try_call(
      Pipeline{retry, breaker, chaos}, options, [] { return std::string("a"); }, time);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.rejection().reason, Reason::chaos);
  EXPECT_EQ(refused.rejection().policy, "drill");
  EXPECT_TRUE(report.chaos);
  EXPECT_EQ(breaker.snapshot(time.now()).totals.ignored, 1U);
  EXPECT_EQ(chaos.totals().drawn, 1U) << "and is not retried";
}

TEST_F(ValueCompositionsTest, WhoWaitsForTheCallOfAnotherWaitsNoLongerThanItsOwnDeadline) {
  const Pipeline pipeline{cache};
  options.report = nullptr;
  Follower<std::string, Pipeline<Cache<std::string>>> leader{pipeline, options};
  EXPECT_EQ(leader.start(time.now()).kind, Step::Kind::attempt);
  const CallOptions hurried{.deadline = time.now() + 1s, .key = "item"};
  Follower<std::string, Pipeline<Cache<std::string>>> follower{pipeline, hurried};
  const Step waits = follower.start(time.now());
  EXPECT_EQ(waits.kind, Step::Kind::wait);
  EXPECT_EQ(waits.until, time.now() + 1s);
  EXPECT_EQ(follower.look_again(time.advance(1s)).kind, Step::Kind::done);
  EXPECT_EQ(follower.ending().how, Ending::How::refused);
  EXPECT_EQ(follower.rejection()->reason, Reason::deadline_exceeded);
  EXPECT_EQ(follower.rejection()->policy, "caller");
}

TEST_F(ValueCompositionsTest, NoFallbackOnceTheAnswerHasBegun) {
  auto value = Fallback<std::string>::value("prices", "unknown");
  const Pipeline pipeline{value};
  Answer<std::string> answer;
  Execution<Fallback<std::string>> execution{pipeline.policies(), options, nullptr, &answer};
  ASSERT_EQ(execution.start(time.now()).kind, Step::Kind::attempt);
  execution.commit();
  EXPECT_EQ(execution.on_outcome(0, Outcome::failure(FailureType::connection_error, 1ms), time.now()).kind,
            Step::Kind::done);
  EXPECT_FALSE(answer.value);
  EXPECT_EQ(value.counters().answered, 0U);
}

TEST_F(ValueCompositionsTest, AnInjectedDelayMakesTheAttemptASlowOne) {
  Chaos chaos{"drill", always_waits(300ms), 1};
  EXPECT_TRUE(try_call(
      Pipeline{breaker, chaos}, options, [] { return std::string("a"); }, time));
  EXPECT_TRUE(report.chaos) << "said of a good answer too";
  EXPECT_EQ(breaker.snapshot(time.now()).totals.slow_successes, 1U);
}

TEST_F(ValueCompositionsTest, AnInjectedDelayThatLastsUntilTheLimitIsATimeout) {
  Chaos chaos{"drill", always_waits(1s), 1};
  const auto cut_off = try_call(
      Pipeline{breaker, timeout, chaos}, options, [] { return std::string("a"); }, time);
  ASSERT_FALSE(cut_off);
  EXPECT_TRUE(report.chaos);
  const CallTotals totals = breaker.snapshot(time.now()).totals;
  EXPECT_EQ(totals.failures_by_type[static_cast<std::size_t>(FailureType::timeout)], 1U);
}

TEST_F(ValueCompositionsTest, InTwoStepsAFallbackAndACacheHaveNothingToGiveAndDoNothing) {
  auto value = Fallback<std::string>::value("prices", "unknown");
  const Pipeline pipeline{value, cache, breaker};
  auto admission = try_acquire(pipeline, time.now());
  ASSERT_TRUE(admission);
  admission.record(Outcome::failure(FailureType::timeout, 1ms), time.now());
  EXPECT_EQ(value.counters().answered, 0U);
  breaker.command(Command::force_open, time.now());
  const auto refused = try_acquire(pipeline, time.now());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.rejection().reason, Reason::forced_open);
}

TEST_F(ValueCompositionsTest, AnAttemptThatNeverBeganIsNotCounted) {
  options.deadline = time.now();
  const auto late = try_call(
      Pipeline{retry, breaker}, options, [] { return std::string("a"); }, time);
  EXPECT_EQ(late.rejection().reason, Reason::deadline_exceeded);
  EXPECT_EQ(report.attempts, 0U);
}

}  // namespace
}  // namespace switchgear
