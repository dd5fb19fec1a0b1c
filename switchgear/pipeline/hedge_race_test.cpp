#include "switchgear/pipeline/hedge_race.hpp"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "switchgear/pipeline/pipeline.hpp"
#include "switchgear/testing/manual_time.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;

/// Drives a hedged execution attempt by attempt: the test says when which one ends.
template <class P>
class Race {
 public:
  Race(const P& pipeline, testing::ManualTime& time, const CallOptions& options = P::Machine::no_options)
      : time_(time), execution_(pipeline.policies(), options) {
    act(execution_.start(time.now()));
  }

  /// Time passes; what is due on the way happens.
  void pass(Duration length) {
    const TimePoint end = time_.now() + length;
    while (!done && until <= end) {
      time_.advance(until - time_.now());
      act(execution_.on_timer(time_.now()));
    }
    time_.advance(end - time_.now());
  }
  void ends(unsigned branch, const Outcome& outcome) {
    flying.erase(branch);
    act(execution_.on_outcome(branch, outcome, time_.now()));
  }
  void times_out(unsigned branch) {
    flying.erase(branch);
    act(execution_.on_timeout(branch, 1ms, time_.now()));
  }
  void commit() { execution_.commit(); }
  void begins(unsigned branch, const Outcome& outcome) {
    execution_.answer_began(branch, outcome, time_.now());
  }
  void cancel() { act(execution_.cancel(time_.now())); }

  [[nodiscard]] Ending::How how() const { return execution_.ending().how; }
  [[nodiscard]] const Rejection& rejection() const { return execution_.rejection(); }
  [[nodiscard]] std::uint32_t attempts() const { return execution_.attempts(); }

  std::map<unsigned, TimePoint> flying;  ///< branch → its limit
  std::vector<unsigned> cancelled;
  bool done = false;
  TimePoint until = TimePoint::max();

 private:
  void act(Step step) {
    for (;;) {
      for (unsigned branch = 0; branch < 16; ++branch) {
        if ((step.losers >> branch & 1U) != 0) cancelled.push_back(branch), flying.erase(branch);
      }
      until = step.until;
      switch (step.kind) {
        case Step::Kind::attempt:
          flying[step.branch] = step.until;
          step = execution_.on_timer(time_.now());
          continue;
        case Step::Kind::wait:
          return;
        case Step::Kind::done:
          done = true;
          until = TimePoint::max();
          return;
      }
    }
  }

  testing::ManualTime& time_;
  typename P::Machine execution_;
};

class HedgeRaceTest : public ::testing::Test {
 protected:
  static CircuitBreakerOptions opens_after(std::uint32_t failures) {
    CircuitBreakerOptions options;
    options.consecutive_failures = failures;
    return options;
  }
  [[nodiscard]] CallTotals totals() const { return breaker.snapshot(time.now()).totals; }
  static Outcome good() { return Outcome::success(1ms); }
  static Outcome bad() { return Outcome::failure(FailureType::connection_error, 1ms); }

  testing::ManualTime time;
  RetryBudget budget{"payment", {.ratio = 0, .min_per_second = 0.1}};  // one in 10 s
  Hedge hedge{"payment", {.delay = Duration{50ms}, .max_hedges = 2}};
  CircuitBreaker breaker{"payment", opens_after(3), {nullptr, 0, {}, time.now()}};
  Bulkhead bulkhead{"payment", {.max_concurrent = 10}};
};

TEST_F(HedgeRaceTest, AFastAnswerNeedsNoHedge) {
  const Pipeline pipeline{hedge, breaker};
  Race race{pipeline, time};
  race.pass(49ms);
  EXPECT_EQ(race.flying.size(), 1U);
  race.ends(0, good());
  EXPECT_TRUE(race.done);
  EXPECT_EQ(race.attempts(), 1U);
}

TEST_F(HedgeRaceTest, TheFirstSuccessWinsAndTheLosersAreIgnored) {
  const Pipeline pipeline{bulkhead, hedge, breaker};
  Race race{pipeline, time};
  race.pass(100ms);
  EXPECT_EQ(race.flying.size(), 3U) << "at 0, 50 and 100 ms";
  race.pass(1s);
  EXPECT_EQ(race.flying.size(), 3U) << "max_hedges: 2";
  race.ends(1, good());
  EXPECT_TRUE(race.done);
  EXPECT_EQ(race.how(), Ending::How::completed);
  EXPECT_EQ(race.cancelled, (std::vector<unsigned>{0, 2}));
  EXPECT_EQ(totals().successes, 1U);
  EXPECT_EQ(totals().ignored, 2U);
  EXPECT_EQ(bulkhead.snapshot().in_use, 0U);
}

TEST_F(HedgeRaceTest, AStreamThatBeginsIsJudgedAtOnceAndSoAreTheLosers) {
  const Pipeline pipeline{bulkhead, hedge, breaker};
  Race race{pipeline, time};
  race.pass(50ms);
  ASSERT_EQ(race.flying.size(), 2U);
  race.commit();
  race.begins(1, Outcome::success(5ms));
  EXPECT_EQ(totals().successes, 1U);
  EXPECT_EQ(totals().ignored, 1U);
  race.pass(1h);
  race.ends(1, Outcome::success(5ms));
  EXPECT_TRUE(race.done);
  EXPECT_EQ(totals().calls, 2U);
  EXPECT_EQ(totals().successes, 1U);
  EXPECT_EQ(bulkhead.snapshot().in_use, 0U);
}

TEST_F(HedgeRaceTest, AFailureWaitsForTheOthers) {
  const Pipeline pipeline{hedge, breaker};
  Race race{pipeline, time};
  race.pass(50ms);
  race.ends(0, bad());
  EXPECT_FALSE(race.done);
  race.ends(1, good());
  EXPECT_TRUE(race.done);
  EXPECT_EQ(race.how(), Ending::How::completed);
  EXPECT_EQ(totals().failures, 1U);
  EXPECT_EQ(totals().successes, 1U);
}

TEST_F(HedgeRaceTest, ARefusedHedgeLeavesTheFirstAttemptAlone) {
  const Pipeline pipeline{hedge, breaker};
  Race race{pipeline, time};
  breaker.command(Command::force_open, time.now());
  race.pass(200ms);
  EXPECT_FALSE(race.done);
  EXPECT_EQ(race.flying.size(), 1U);
  race.ends(0, good());
  EXPECT_TRUE(race.done);
  EXPECT_EQ(race.how(), Ending::How::completed);
}

TEST_F(HedgeRaceTest, AFailureCountsMoreThanARefusal) {
  const Pipeline pipeline{hedge, breaker};
  Race race{pipeline, time};
  race.pass(50ms);
  breaker.command(Command::force_open, time.now());
  race.ends(0, bad());
  race.pass(50ms);  // the third branch is refused
  EXPECT_FALSE(race.done);
  race.ends(1, bad());
  EXPECT_TRUE(race.done);
  EXPECT_EQ(race.how(), Ending::How::completed);
}

TEST_F(HedgeRaceTest, ATimeoutIsNotBlamedOnARefusalThatCameLater) {
  Timeout timeout{"payment timeout", 80ms};
  Retry twice{"payment",
              {.max_attempts = 2, .backoff = Backoff::fixed, .base = 10ms, .jitter = Jitter::none}};
  const Pipeline pipeline{hedge, twice, breaker, timeout};
  Race race{pipeline, time};
  race.ends(0, bad());
  race.pass(89ms);  // the second attempt of branch 0 began at 10 ms, branch 1 at 50 ms
  race.ends(1, bad());
  race.pass(1ms);
  race.times_out(0);
  EXPECT_FALSE(race.done);
  EXPECT_EQ(breaker.state(), State::open) << "three failures";
  race.pass(9ms);  // the second attempt of branch 1 is refused
  ASSERT_TRUE(race.done);
  EXPECT_EQ(race.how(), Ending::How::completed);
  EXPECT_EQ(race.rejection().reason, Reason::timed_out);
  EXPECT_EQ(race.rejection().policy, "payment timeout");
}

TEST_F(HedgeRaceTest, AnAnswerWorthAnotherAttemptWaitsForTheOthers) {
  const Pipeline pipeline{hedge};
  Outcome too_many = good();
  too_many.repeat = Repeat::worthwhile;
  Race race{pipeline, time};
  race.pass(50ms);
  race.ends(0, too_many);
  EXPECT_FALSE(race.done);
  race.ends(1, good());
  EXPECT_TRUE(race.done);
  EXPECT_TRUE(race.cancelled.empty());
}

TEST_F(HedgeRaceTest, QuickAnswersWorthAnotherAttemptDoNotShortenTheDelay) {
  Hedge quantile{"payment", {.delay = Quantile{0.5}, .initial_delay = 1h}};
  const Pipeline pipeline{quantile};
  Outcome too_many = good();
  too_many.repeat = Repeat::worthwhile;
  for (int i = 0; i < 50; ++i) {
    Race race{pipeline, time};
    race.ends(0, too_many);
  }
  time.advance(1s);
  EXPECT_EQ(quantile.delay(time.now()), 1h);
}

TEST_F(HedgeRaceTest, CountsACallOnceHoweverManyOfItsAttemptsAreInjected) {
  RetryBudget shared{"payment", {}};
  Hedge spends{"payment", {.delay = Duration{50ms}}, &shared};
  Retry retry{"payment", {.max_attempts = 3, .base = 1ms}};
  ChaosOptions harm;
  harm.enabled = true;
  harm.fail.probability = 1;
  Chaos chaos{"drill", harm, 1};
  const Pipeline pipeline{retry, spends, chaos};
  Race race{pipeline, time};
  race.pass(1s);
  EXPECT_TRUE(race.done);
  EXPECT_EQ(shared.snapshot(time.now()).calls, 1U);
}

TEST_F(HedgeRaceTest, ARetryOutsideRacesAgain) {
  Retry retry{"payment",
              {.max_attempts = 2, .backoff = Backoff::fixed, .base = 10ms, .jitter = Jitter::none}};
  const Pipeline pipeline{retry, hedge};
  Race race{pipeline, time};
  race.ends(0, bad());
  EXPECT_FALSE(race.done);
  race.pass(10ms);
  EXPECT_EQ(race.flying.count(0), 1U);
  race.pass(50ms);
  EXPECT_EQ(race.flying.size(), 2U);
  race.ends(1, good());
  EXPECT_TRUE(race.done);
  EXPECT_EQ(race.attempts(), 3U);
  EXPECT_EQ(race.cancelled, (std::vector<unsigned>{0}));
}

TEST_F(HedgeRaceTest, SpendsTheRetryBudget) {
  Hedge frugal{"payment", {.delay = Duration{50ms}, .max_hedges = 2}, &budget};
  const Pipeline pipeline{frugal};
  Race race{pipeline, time};
  race.pass(1s);
  EXPECT_EQ(race.flying.size(), 2U) << "the budget grants one hedge";
}

TEST_F(HedgeRaceTest, CountsItsCallsInABudgetThatNoRetryCounts) {
  RetryBudget half{"payment", {.ratio = 0.5, .min_per_second = 0}};
  Hedge alone{"payment", {.delay = Duration{50ms}}, &half};
  Retry retry{"payment", {}, 0, &half};
  const auto one_call = [&](const auto& pipeline) {
    Race race{pipeline, time};
    race.ends(0, good());
    return half.snapshot(time.now()).calls;
  };
  EXPECT_EQ(one_call(Pipeline{alone}), 1U);
  EXPECT_EQ(one_call(Pipeline{retry, alone}), 2U) << "the retry has counted it";
  EXPECT_EQ(one_call(Pipeline{&retry, &alone}), 3U);
}

TEST_F(HedgeRaceTest, LeavesCallsAloneThatMustNotBeRepeated) {
  const Pipeline pipeline{hedge};
  const CallOptions once{.repeatable = Repeatable::no};
  Race race{pipeline, time, once};
  race.pass(1s);
  EXPECT_EQ(race.flying.size(), 1U);
}

TEST_F(HedgeRaceTest, SendsNothingMoreOnceTheAnswerHasBegun) {
  const Pipeline pipeline{hedge};
  Race race{pipeline, time};
  race.commit();
  race.pass(1s);
  EXPECT_EQ(race.flying.size(), 1U);
}

TEST_F(HedgeRaceTest, EachAttemptHasItsOwnTime) {
  Timeout timeout{"payment", 200ms};
  const Pipeline pipeline{hedge, timeout};
  const TimePoint begin = time.now();
  Race race{pipeline, time};
  race.pass(50ms);
  EXPECT_EQ(race.flying[0], begin + 200ms);
  EXPECT_EQ(race.flying[1], begin + 250ms);
}

TEST_F(HedgeRaceTest, ACallerWhoGoesAwayCancelsThemAll) {
  const Pipeline pipeline{bulkhead, hedge, breaker};
  Race race{pipeline, time};
  race.pass(50ms);
  race.cancel();
  EXPECT_TRUE(race.done);
  EXPECT_EQ(race.cancelled, (std::vector<unsigned>{0, 1}));
  EXPECT_EQ(race.how(), Ending::How::cancelled);
  EXPECT_EQ(totals().ignored, 2U);
  EXPECT_EQ(bulkhead.snapshot().in_use, 0U);
}

TEST_F(HedgeRaceTest, PassesOverANullHedge) {
  Hedge* none = nullptr;
  const Pipeline pipeline{none, &breaker};
  Race race{pipeline, time};
  race.pass(1s);
  EXPECT_EQ(race.flying.size(), 1U);
  race.ends(0, bad());
  EXPECT_TRUE(race.done);
  EXPECT_EQ(totals().failures, 1U);
}

}  // namespace
}  // namespace switchgear
