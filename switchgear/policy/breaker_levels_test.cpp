#include "switchgear/policy/breaker_levels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "switchgear/policy/breaker_fixture.hpp"
#include "switchgear/policy/breakers_by_value.hpp"

namespace switchgear {
namespace {

using enum BreakerLevel;

/// Warning for 10 s at half of 4 calls, critical for 30 s, emergency for 60 s at the first failure.
CircuitBreakerOptions leveled() {
  CircuitBreakerOptions options;
  options.window = CountWindowOptions{10};
  options.minimum_calls = 4;
  options.failure_rate = 0.5;
  options.open_duration = 10s;
  options.half_open.permitted_calls = 2;
  LevelsOptions levels;
  levels[critical] = {.failure_rate = 0.25, .open_duration = 30s, .calm = 20s};
  levels[emergency] = {.consecutive_failures = 1, .open_duration = 60s};
  options.levels = levels;
  return options;
}

class Levels : public ::testing::Test {
 protected:
  Bench bench{leveled()};

  [[nodiscard]] BreakerLevel level() const { return bench.snapshot().level.value().level; }
  void fail_and_wait_for(Duration length) {
    bench.fail(4);
    bench.time.advance(length);
  }
  void recover() { bench.succeed(2); }
  /// Three quarters of the calls fail: open and critical.
  void escalate() {
    bench.succeed();
    bench.fail(3);
    ASSERT_EQ(bench.state(), State::open);
    ASSERT_EQ(level(), critical);
  }
  void escalate_to_emergency() {
    escalate();
    bench.time.advance(30s);
    bench.fail();
    ASSERT_EQ(bench.state(), State::open);
    ASSERT_EQ(level(), emergency);
  }
};

TEST_F(Levels, BeginWithWarning) {
  EXPECT_EQ(level(), warning);
  EXPECT_FALSE(bench.snapshot().level->comes_down);
}

TEST_F(Levels, StayWhenTheRateThatOpensIsNotAboveTheLimit) {
  bench.succeed(2);
  bench.fail(2);
  EXPECT_EQ(bench.state(), State::open);
  EXPECT_EQ(level(), warning);
  EXPECT_EQ(bench.snapshot().retry_after, 10s);
  EXPECT_TRUE(bench.events.levels.empty());
}

TEST_F(Levels, AnEscalationOpensTheNextLevelAtTheSameInstant) {
  escalate();
  EXPECT_EQ(bench.snapshot().retry_after, 30s);
  ASSERT_EQ(bench.events.transitions.size(), 1U);
  EXPECT_EQ(bench.events.transitions[0].level, critical);
  EXPECT_EQ(bench.events.transitions[0].rule, Rule::failure_rate);
  EXPECT_TRUE(bench.events.transitions[0].escalation);
  ASSERT_EQ(bench.events.levels.size(), 1U);
  const LevelEvent& told = bench.events.levels[0];
  EXPECT_EQ(told.generation, bench.events.transitions[0].generation);
  EXPECT_EQ(told.state, State::open);
  EXPECT_EQ(told.change.from, warning);
  EXPECT_EQ(told.change.to, critical);
  EXPECT_EQ(told.change.cause, LevelCause::escalated);
  EXPECT_EQ(told.change.calls, 4U);
  EXPECT_EQ(told.change.failed, 3U);
  EXPECT_EQ(told.change.failure_rate(), 0.75);
  EXPECT_EQ(told.change.escalate_above, 0.6);
  EXPECT_EQ(told.at, bench.time.now());
}

TEST_F(Levels, GoOneUpAtATimeHoweverBadItIs) {
  bench.fail(4);
  EXPECT_EQ(level(), critical);
}

TEST_F(Levels, ARelapseEscalatesByTheProbesThatCameBack) {
  escalate_to_emergency();
  EXPECT_EQ(bench.snapshot().retry_after, 60s);
  const LevelChange& change = bench.events.levels.back().change;
  EXPECT_EQ(change.calls, 1U) << "of the probes, one came back";
  EXPECT_EQ(change.failed, 1U);
}

TEST_F(Levels, ARelapseAfterGoodProbesDoesNotEscalate) {
  escalate();
  bench.time.advance(30s);
  bench.succeed();
  bench.fail();  // one of two
  EXPECT_EQ(bench.state(), State::open);
  EXPECT_EQ(level(), critical);
  EXPECT_EQ(bench.snapshot().relapses, 1U);
}

TEST_F(Levels, AProbeThatHangsCountsAsFailed) {
  escalate();
  bench.time.advance(30s);
  auto permit = bench.acquire();
  ASSERT_TRUE(permit);
  bench.time.advance(60s);
  EXPECT_FALSE(bench.acquire());
  EXPECT_EQ(level(), emergency);
}

TEST_F(Levels, EmergencyIsTheLast) {
  escalate_to_emergency();
  bench.time.advance(60s);
  bench.fail();
  EXPECT_EQ(bench.state(), State::open);
  EXPECT_EQ(level(), emergency);
  EXPECT_EQ(bench.events.levels.size(), 2U);
}

TEST_F(Levels, EachHasItsOwnThresholds) {
  escalate();
  bench.time.advance(30s);
  recover();
  ASSERT_EQ(bench.state(), State::closed);
  bench.succeed(3);
  bench.fail();
  EXPECT_EQ(bench.state(), State::open) << "a quarter is enough at critical";
  EXPECT_EQ(level(), critical) << "and not above the limit";
}

TEST_F(Levels, ComeDownOneLevelAfterTheirCalm) {
  escalate_to_emergency();
  bench.time.advance(60s);
  recover();
  const TimePoint closed = bench.time.now();
  EXPECT_EQ(bench.snapshot().level->comes_down, closed + 60s) << "its open_duration";
  EXPECT_EQ(bench.snapshot().level->at_first, closed + 60s + 20s);
  bench.time.advance(60s - 1ns);
  bench.succeed();
  EXPECT_EQ(level(), emergency);
  bench.time.advance(1ns);
  bench.succeed();
  EXPECT_EQ(level(), critical);
  bench.time.advance(20s);
  bench.succeed();
  EXPECT_EQ(level(), warning);
  EXPECT_EQ(bench.state(), State::closed);
  ASSERT_EQ(bench.events.levels.size(), 4U);
  EXPECT_EQ(bench.events.levels[2].at, closed + 60s);
  EXPECT_EQ(bench.events.levels[2].change.cause, LevelCause::calm);
  EXPECT_EQ(bench.events.levels[2].change.calm, 60s);
  EXPECT_EQ(bench.events.levels[3].at, closed + 80s) << "calm at critical counts from its own start";
}

TEST_F(Levels, ComeDownAtTheInstantWhenTheyAreDueEvenIfNobodyCallsForAWhile) {
  escalate_to_emergency();
  bench.time.advance(60s);
  recover();
  const TimePoint closed = bench.time.now();
  bench.time.advance(1h);
  bench.succeed();
  ASSERT_EQ(bench.events.levels.size(), 4U);
  EXPECT_EQ(bench.events.levels[2].at, closed + 60s);
  EXPECT_EQ(bench.events.levels[3].at, closed + 80s);
}

TEST_F(Levels, ComeDownOnATimer) {
  escalate();
  bench.time.advance(30s);
  recover();
  ASSERT_EQ(bench.breaker.next_due(), bench.time.now() + 20s);
  bench.time.advance(20s);
  bench.breaker.advance(bench.time.now());
  EXPECT_EQ(level(), warning);
  EXPECT_FALSE(bench.breaker.next_due());
}

TEST_F(Levels, AnOpeningBeginsTheCalmAnew) {
  escalate();
  bench.time.advance(30s);
  recover();
  bench.time.advance(15s);
  bench.succeed(3);
  bench.fail();
  ASSERT_EQ(bench.state(), State::open);
  bench.time.advance(30s);
  recover();
  bench.time.advance(15s);
  bench.succeed();
  EXPECT_EQ(level(), critical);
  bench.time.advance(5s);
  bench.succeed();
  EXPECT_EQ(level(), warning);
}

TEST_F(Levels, ADescentBeginsAnEmptyWindowAndMakesCallsInFlightLate) {
  escalate();
  bench.time.advance(30s);
  recover();
  auto early = bench.acquire();
  ASSERT_TRUE(early);
  bench.time.advance(20s);
  bench.succeed();
  ASSERT_EQ(level(), warning);
  EXPECT_EQ(bench.snapshot().window.calls, 1U);
  std::move(*early).record(Verdict::failure, bench.time.now());
  EXPECT_EQ(bench.snapshot().totals.late, 1U);
  EXPECT_EQ(bench.snapshot().window.failures, 0U);
}

TEST_F(Levels, ARejectionSaysTheLevel) {
  escalate();
  const auto refused = bench.acquire();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.rejection().level, critical);
  EXPECT_EQ(service_at(*refused.rejection().level), "degraded");
  EXPECT_EQ(bench.events.rejections.back().rejection.level, critical);
  bench.time.advance(30s);
  const auto first = bench.acquire();
  const auto second = bench.acquire();
  const auto third = bench.acquire();
  ASSERT_FALSE(third);
  EXPECT_EQ(third.rejection().reason, Reason::half_open);
  EXPECT_EQ(third.rejection().level, critical);
}

TEST_F(Levels, ABreakerWithoutLevelsSaysNone) {
  Bench plain{simple()};
  plain.fail(2);
  EXPECT_FALSE(plain.acquire().rejection().level);
  EXPECT_FALSE(plain.snapshot().level);
}

TEST_F(Levels, ARampHoldsTheLevelUntilItIsOver) {
  CircuitBreakerOptions options = leveled();
  options.ramp = RampOptions{50s, 1.0};
  Bench ramped{options};
  ramped.fail(4);
  ramped.time.advance(30s);
  ramped.succeed(2);
  EXPECT_EQ(ramped.snapshot().level->comes_down, ramped.time.now() + 50s);
  ramped.time.advance(50s);
  ramped.succeed();
  EXPECT_EQ(ramped.snapshot().level->level, warning);
}

TEST_F(Levels, AnOperatorsResetGoesBackToWarning) {
  escalate_to_emergency();
  bench.command(Command::reset);
  EXPECT_EQ(level(), warning);
  EXPECT_EQ(bench.state(), State::closed);
  EXPECT_EQ(bench.events.levels.back().change.cause, LevelCause::operator_command);
  EXPECT_FALSE(bench.breaker.next_due());
}

TEST_F(Levels, ABreakerThatIsForcedOpenKeepsAnsweringAsItDid) {
  escalate();
  bench.command(Command::force_open);
  EXPECT_EQ(bench.acquire().rejection().level, critical);
  bench.command(Command::force_close);
  EXPECT_EQ(level(), warning);
}

TEST_F(Levels, SurviveARestart) {
  escalate();
  WallAnchor clocks{bench.time.now(), WallAnchor::Wall{500'000h}};
  const SavedBreaker saved = bench.breaker.save(clocks);
  EXPECT_EQ(saved.level, critical);
  const SavedBreakersRead read = read_saved_breakers(to_text({saved}));
  ASSERT_EQ(read.problem, "");
  ASSERT_EQ(read.breakers.size(), 1U);
  EXPECT_EQ(read.breakers[0], saved);

  Bench next{leveled()};
  clocks.monotonic = next.time.now();
  next.breaker.restore(read.breakers[0], clocks);
  EXPECT_EQ(next.state(), State::open);
  EXPECT_EQ(next.snapshot().level->level, critical);
  EXPECT_EQ(next.snapshot().retry_after, 30s);
  next.time.advance(30s);
  next.succeed(2);
  next.time.advance(20s);
  next.succeed();
  EXPECT_EQ(next.snapshot().level->level, warning);
}

TEST_F(Levels, ARestoredCalmGoesOnWhereItWas) {
  escalate();
  bench.time.advance(30s);
  recover();
  const WallAnchor before{bench.time.now(), WallAnchor::Wall{500'000h}};
  const SavedBreaker saved = bench.breaker.save(before);
  Bench next{leveled()};
  next.breaker.restore(saved, {next.time.now(), before.wall + 15s});
  EXPECT_EQ(next.snapshot().level->comes_down, next.time.now() + 5s);
}

TEST_F(Levels, ARestoredLevelIsPassedOverWithoutLevels) {
  escalate();
  const WallAnchor clocks{bench.time.now(), WallAnchor::Wall{500'000h}};
  Bench plain{simple()};
  plain.breaker.restore(bench.breaker.save(clocks), {plain.time.now(), clocks.wall});
  EXPECT_EQ(plain.state(), State::open);
  EXPECT_FALSE(plain.snapshot().level);
}

TEST_F(Levels, AreNotIdleUntilTheyWouldBeAtTheFirst) {
  escalate_to_emergency();
  bench.time.advance(60s);
  recover();
  const TimePoint closed = bench.time.now();
  EXPECT_FALSE(bench.breaker.idle_since(closed + 80s - 1ns));
  EXPECT_TRUE(bench.breaker.idle_since(closed + 80s));
}

TEST_F(Levels, SlowIsWhatTheLevelSaysIsSlow) {
  CircuitBreakerOptions options = leveled();
  (*options.levels)[critical].slow_call = SlowCallRule{100ms, 0.5};
  Bench slow{options};
  slow.succeed(200ms);
  EXPECT_EQ(slow.snapshot().totals.slow(), 0U);
  slow.fail(4);
  slow.time.advance(30s);
  slow.succeed(2);
  slow.succeed(2);
  slow.succeed(200ms);
  slow.succeed(200ms);
  EXPECT_EQ(slow.state(), State::open);
  EXPECT_EQ(slow.events.transitions.back().rule, Rule::slow_call);
  EXPECT_EQ(slow.snapshot().level->level, critical) << "slow calls are no failures";
}

TEST_F(Levels, AWindowIsKeptWithoutARuleThatNeedsIt) {
  CircuitBreakerOptions options = leveled();
  options.failure_rate.reset();
  options.consecutive_failures = 3;
  (*options.levels)[critical] = {.open_duration = 30s};
  Bench streaks{options};
  streaks.succeed(3);
  streaks.fail(3);
  EXPECT_EQ(streaks.snapshot().level->level, warning) << "half of the calls failed";
  streaks.time.advance(10s);
  streaks.succeed(2);
  streaks.fail(3);
  EXPECT_EQ(streaks.snapshot().level->level, critical) << "all calls of the new window failed";
}

TEST_F(Levels, AValueThatIsRaisedKeepsItsBreaker) {
  BreakersByValue values{"by tenant", leveled(), {.max = 100, .idle = 10min}};
  TimePoint now{1h};
  const auto call = [&](Verdict verdict) {
    if (auto permit = values.try_acquire("a", now)) std::move(*permit).record(verdict, now);
  };
  for (int i = 0; i < 4; ++i) call(Verdict::failure);
  now += 30s;
  call(Verdict::success);
  call(Verdict::success);
  now += 15s;  // long enough for a quiet one to rest
  values.retire_idle(now, 100);
  const auto seen = values.find("a", now);
  ASSERT_TRUE(seen);
  ASSERT_TRUE(seen->level);
  EXPECT_EQ(seen->level->level, critical);
}

/// Calls that reach a dependency which is dead for an hour, at 100 a second.
std::uint64_t calls_of_a_dead_hour(const CircuitBreakerOptions& options) {
  Bench dead{options};
  for (int i = 0; i < 360'000; ++i) {
    dead.fail();
    dead.time.advance(10ms);
  }
  return dead.snapshot().totals.calls;
}

TEST_F(Levels, ADeadDependencyGetsFewerCallsTheLongerItIsDead) {
  CircuitBreakerOptions options;
  options.failure_rate = 0.5;
  options.minimum_calls = 20;
  options.open_duration = 10s;
  options.half_open.permitted_calls = 1;
  EXPECT_EQ(calls_of_a_dead_hour(options), 379U);
  options.levels.emplace();
  (*options.levels)[critical].open_duration = 30s;
  (*options.levels)[emergency].open_duration = 2min;
  EXPECT_EQ(calls_of_a_dead_hour(options), 50U);
}

// --- options

std::vector<std::string> problems(const CircuitBreakerOptions& options) {
  std::vector<std::string> texts;
  for (const OptionProblem& problem : validate(options))
    texts.push_back(problem.key + ": " + problem.message);
  return texts;
}

TEST(LevelOptions, AreValid) { EXPECT_EQ(problems(leveled()), std::vector<std::string>{}); }

TEST(LevelOptions, NeedARuleAtEveryLevel) {
  CircuitBreakerOptions options = leveled();
  options.failure_rate.reset();
  (*options.levels)[warning].failure_rate = 0.5;
  (*options.levels)[critical].failure_rate.reset();
  ASSERT_EQ(problems(options).size(), 1U);
  EXPECT_NE(problems(options)[0].find("levels.critical: no trip rule is set"), std::string::npos);
}

TEST(LevelOptions, SayWhatIsWrongAtTheLevelThatHasIt) {
  CircuitBreakerOptions options = leveled();
  (*options.levels)[critical].failure_rate = 1.5;
  (*options.levels)[emergency].minimum_calls = 11;
  (*options.levels)[emergency].calm = 0s;
  const std::vector<std::string> found = problems(options);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_TRUE(found[0].starts_with("levels.critical.failure_rate: 1.5 is not")) << found[0];
  EXPECT_TRUE(found[1].starts_with("levels.emergency.minimum_calls: 11 can never be reached")) << found[1];
  EXPECT_TRUE(found[2].starts_with("levels.emergency.calm: 0s is not")) << found[2];
}

TEST(LevelOptions, AProblemOfTheBreakersOwnOptionsIsSaidOnce) {
  CircuitBreakerOptions options = leveled();
  options.minimum_calls = 11;
  EXPECT_EQ(problems(options).size(), 1U);
}

TEST(LevelOptions, AnEscalationDoesNotShortenAnOpening) {
  CircuitBreakerOptions options = leveled();
  (*options.levels)[emergency].open_duration = 20s;
  EXPECT_EQ(
      problems(options),
      std::vector<std::string>{"levels.emergency.open_duration: 20s is shorter than that of critical "
                               "(30s); expected at least that: an escalation must not shorten an opening"});
}

TEST(LevelOptions, FitUnderTheLongestOpening) {
  CircuitBreakerOptions options = leveled();
  options.max_open_duration = 40s;
  EXPECT_EQ(problems(options),
            std::vector<std::string>{"levels.emergency.open_duration: 60s is longer than max_open_duration "
                                     "(40s); expected at most that"});
}

TEST(LevelOptions, ALimitThatNoRateExceedsIsRefused) {
  CircuitBreakerOptions options = leveled();
  options.levels->escalate_above = 1;
  EXPECT_EQ(problems(options),
            std::vector<std::string>{"levels.escalate_above: 1 is not a ratio from 0 to below 1, which a "
                                     "failure rate can exceed"});
}

TEST(LevelOptions, AreNotCombinedWithAdaptive) {
  CircuitBreakerOptions options = leveled();
  options.adaptive = AdaptiveOptions{};
  ASSERT_EQ(problems(options).size(), 1U);
  EXPECT_TRUE(problems(options)[0].starts_with("adaptive: cannot be combined with levels"));
}

TEST(LevelOptions, ABreakerWithoutThemIsAsLargeAsItWas) {
  if constexpr (sizeof(void*) == 8 && sizeof(std::string) == 32) {
    EXPECT_EQ(sizeof(CircuitBreaker), 704U) << "as without levels: they are in its padding";
    EXPECT_EQ(sizeof(Rejection), 40U);
  }
  CircuitBreakerOptions options = leveled();
  const CircuitBreaker with{"with", options};
  options.levels.reset();
  const CircuitBreaker without{"without", options};
  EXPECT_GT(with.memory_bytes(), without.memory_bytes());
}

}  // namespace
}  // namespace switchgear
