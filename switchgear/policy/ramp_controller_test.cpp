// A ramp with a controller, from the rules of docs/semantics.md.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "switchgear/policy/breaker_fixture.hpp"

namespace switchgear {
namespace {

/// Opens at half of four calls; steps of one second and four calls, from a tenth, doubling.
CircuitBreakerOptions controlled() {
  CircuitBreakerOptions options;
  options.failure_rate = 0.5;
  options.minimum_calls = 4;
  options.window = CountWindowOptions{4};
  options.open_duration = 10s;
  options.half_open.permitted_calls = 2;
  options.ramp = RampOptions{10s, 0.1, RampControllerOptions{{}, 4, 0.3, 2.0}};
  return options;
}

/// A breaker that has just closed again.
class Recovered : public Bench {
 public:
  explicit Recovered(const CircuitBreakerOptions& options) : Bench(options) {
    while (state() == State::closed) fail();
    time.advance(options.open_duration);
    succeed(2);
    EXPECT_EQ(state(), State::closed);
  }

  /// So many calls that are admitted, of which the first ones fail; then the step is over.
  void step(int good, int failed = 0) {
    for (int i = 0; i < failed; ++i) admitted(Verdict::failure);
    for (int i = 0; i < good; ++i) admitted(Verdict::success);
    time.advance(1s);
    breaker.advance(time.now());
  }
  void admitted(Verdict verdict) {
    while (state() == State::closed && !call(verdict)) {
    }
  }
  [[nodiscard]] double share() const { return snapshot().ramp ? snapshot().ramp->share : 1.0; }
  [[nodiscard]] RampEvent last_turn() const { return events.ramps.back(); }
};

TEST(RampController, AdmitsItsShareOfTheCalls) {
  Recovered bench{controlled()};
  bench.step(4);
  int admitted = 0;
  for (int i = 0; i < 1'000; ++i) admitted += bench.succeed() ? 1 : 0;
  EXPECT_NEAR(admitted, 200, 5) << "0.1 grew to 0.2";
  EXPECT_EQ(bench.events.rejections.back().rejection.reason, Reason::ramping);
  EXPECT_TRUE(bench.snapshot().ramping);
}

TEST(RampController, GrowsAfterEachGoodStepUntilAllCallsAreAdmittedAndThatIsSafe) {
  Recovered bench{controlled()};
  std::vector<double> shares;
  while (bench.snapshot().ramping) {
    bench.step(4);
    shares.push_back(bench.share());
  }
  EXPECT_EQ(shares, (std::vector{0.2, 0.4, 0.8, 1.0, 1.0}));
  EXPECT_EQ(bench.last_turn().change, RampChange::over);
  EXPECT_FALSE(bench.snapshot().ramp);
  EXPECT_EQ(bench.events.ramps.size(), 5U);
}

TEST(RampController, FallsBackToTheLastSafeShareAndHoldsItForMoreStepsEachTime) {
  Recovered bench{controlled()};
  bench.step(4);     // 0.2
  bench.step(4);     // 0.4
  bench.step(3, 2);  // too much
  EXPECT_EQ(bench.state(), State::closed);
  EXPECT_EQ(bench.last_turn().change, RampChange::fell);
  EXPECT_EQ(bench.last_turn().calls, 5U);
  EXPECT_EQ(bench.last_turn().failed, 2U);
  EXPECT_EQ(bench.last_turn().share, 0.2);
  EXPECT_EQ(bench.last_turn().hold, 2U);
  bench.step(4);
  EXPECT_EQ(bench.share(), 0.2) << "held for a second step";
  bench.step(4);
  EXPECT_EQ(bench.share(), 0.4);
  bench.step(0, 4);
  EXPECT_EQ(bench.share(), 0.2);
  EXPECT_EQ(bench.last_turn().hold, 4U);
  EXPECT_EQ(bench.snapshot().totals.opened, 1U);
}

TEST(RampController, FallsBelowASafeShareThatIsSafeNoMoreAndOpensAtTheSmallest) {
  Recovered bench{controlled()};
  bench.step(4);  // 0.2
  bench.step(4);  // 0.4
  bench.step(0, 4);
  ASSERT_EQ(bench.share(), 0.2);
  bench.step(0, 4);
  EXPECT_EQ(bench.share(), 0.1);
  EXPECT_EQ(bench.state(), State::closed);
  bench.step(2, 3);
  EXPECT_EQ(bench.state(), State::open);
  const Transition& told = bench.events.transitions.back();
  EXPECT_EQ(told.rule, Rule::ramp);
  EXPECT_EQ(told.value, 0.6);
  EXPECT_EQ(told.threshold, 0.3);
  EXPECT_EQ(told.window.calls, 5U);
  EXPECT_EQ(told.window.failures, 3U);
  EXPECT_EQ(bench.snapshot().window.failures, 3U) << "the evidence stays to be looked at";
}

TEST(RampController, WaitsForEnoughCallsAndThenDecidesAtOnce) {
  Recovered bench{controlled()};
  bench.step(3);
  bench.time.advance(1h);
  bench.breaker.advance(bench.time.now());
  EXPECT_EQ(bench.share(), 0.1) << "three calls are too few, however long ago";
  bench.admitted(Verdict::success);
  EXPECT_EQ(bench.share(), 0.2);
  EXPECT_EQ(bench.last_turn().at, bench.time.now());
}

TEST(RampController, DecidesAtTheInstantItWasDueHoweverLateItIsNoticed) {
  Recovered bench{controlled()};
  const TimePoint closed = bench.time.now();
  for (int i = 0; i < 4; ++i) bench.admitted(Verdict::success);
  EXPECT_EQ(bench.breaker.next_due(), closed + 1s);
  bench.time.advance(1h);
  const auto permit = bench.acquire();
  EXPECT_EQ(bench.last_turn().at, closed + 1s);
  EXPECT_FALSE(bench.breaker.next_due());
}

TEST(RampController, DoesNotHoldAgainstAShareTheCallsThatBeganAtAnEarlierOne) {
  Recovered bench{controlled()};
  bench.step(4);
  for (int i = 0; i < 50; ++i) bench.call(Verdict::failure, 2s);
  EXPECT_EQ(bench.snapshot().ramp->calls, 0U);
  bench.step(4);
  EXPECT_EQ(bench.share(), 0.4);
}

TEST(RampController, CountsASlowCallAsAFailedOneIfARuleLooksAtThem) {
  CircuitBreakerOptions options = controlled();
  options.slow_call = SlowCallRule{100ms, 1.0};
  Recovered bench{options};
  bench.time.advance(500ms);
  while (bench.snapshot().ramp->calls < 4) bench.succeed(200ms);
  bench.time.advance(500ms);
  bench.breaker.advance(bench.time.now());
  EXPECT_EQ(bench.state(), State::open) << "at the smallest share";
  EXPECT_EQ(bench.events.transitions.back().window.slow, 4U);
}

TEST(RampController, IsNotOpenedByTheRulesOnTheWindowWhichBeginsWhenTheRampIsOver) {
  CircuitBreakerOptions options = controlled();
  options.ramp->controller->max_failure_rate = 1;
  Recovered bench{options};
  while (bench.snapshot().ramping) bench.step(1, 3);
  EXPECT_EQ(bench.state(), State::closed);
  EXPECT_EQ(bench.snapshot().window.calls, 0U);
  bench.fail(3);
  EXPECT_EQ(bench.state(), State::closed);
  bench.fail(1);
  EXPECT_EQ(bench.state(), State::open);
  EXPECT_EQ(bench.events.transitions.back().rule, Rule::failure_rate);
}

TEST(RampController, IsOpenedByFailuresInARowStuckCallsAndHealthChecks) {
  CircuitBreakerOptions options = controlled();
  options.consecutive_failures = 6;
  options.stuck_calls = StuckCallsRule{5s, 1};
  {
    Recovered bench{options};
    for (int i = 0; i < 6; ++i) bench.admitted(Verdict::failure);
    EXPECT_EQ(bench.events.transitions.back().rule, Rule::consecutive_failures);
    EXPECT_EQ(bench.events.transitions.back().window.failures, 6U) << "the step is the window";
  }
  {
    Recovered bench{options};
    std::vector<CircuitBreaker::Permit> hangs;
    while (hangs.empty()) {
      if (auto permit = bench.acquire()) hangs.push_back(std::move(*permit));
    }
    bench.time.advance(6s);
    bench.admitted(Verdict::success);
    EXPECT_EQ(bench.events.transitions.back().rule, Rule::stuck_calls);
  }
  Recovered bench{options};
  bench.breaker.on_check(CheckAnswer::bad, {1, 1}, bench.time.now());
  EXPECT_EQ(bench.events.transitions.back().rule, Rule::health_check);
}

TEST(RampController, TellsARefusedCallToComeBackWithTheNextStep) {
  Recovered bench{controlled()};
  bench.time.advance(300ms);
  while (bench.events.rejections.empty()) bench.succeed();
  EXPECT_EQ(bench.events.rejections.back().rejection.retry_after, Duration{700ms});
  bench.time.advance(700ms);
  EXPECT_EQ(bench.breaker.next_due().has_value(), bench.snapshot().ramp->calls >= 4);
}

TEST(RampController, EndsByAnOperatorsCommandAndBeginsAnewWhenItIsRestored) {
  Recovered bench{controlled()};
  bench.step(4);
  const WallAnchor clocks{bench.time.now(), WallAnchor::Wall{std::chrono::hours{1'000}}};
  const SavedBreaker saved = bench.breaker.save(clocks);
  bench.command(Command::reset);
  EXPECT_FALSE(bench.snapshot().ramping);
  bench.breaker.restore(saved, clocks);
  EXPECT_EQ(bench.share(), 0.1);
}

TEST(RampController, DoesNotKeepABreakerThatIsNotUsedAnyMore) {
  Recovered bench{controlled()};
  const TimePoint used = bench.time.now();
  EXPECT_FALSE(bench.breaker.idle_since(used + 9s));
  EXPECT_TRUE(bench.breaker.idle_since(used + 10s)) << "as a plain ramp would have been over";
}

TEST(RampController, RefusesOptionsThatNeverGrow) {
  CircuitBreakerOptions options = controlled();
  options.ramp->from = 0;
  options.ramp->controller = RampControllerOptions{0s, 0, 2, 1};
  const std::vector<OptionProblem> problems = validate(options);
  std::vector<std::string> keys;
  for (const OptionProblem& problem : problems) keys.push_back(problem.key);
  EXPECT_EQ(keys, (std::vector<std::string>{"ramp.from", "ramp.step", "ramp.minimum", "ramp.max_failure_rate",
                                            "ramp.growth"}));
}

TEST(RampController, CostsABreakerWithoutItNothing) { EXPECT_EQ(sizeof(CircuitBreaker), 704U); }

// --- a dependency that bears only a part of the traffic after an outage

struct Hour {
  std::uint64_t opened_again = 0;  ///< after the outage
  std::uint64_t answered = 0, failed = 0, refused = 0;
  std::uint64_t fell = 0;
  double safe_share = 1;  ///< at the end
};

/// An hour of 100 calls a second. The dependency is down for the first minute; then it answers 40 calls a
/// second, and fails the others.
Hour hour_at_40_percent(std::optional<RampControllerOptions> controller) {
  CircuitBreakerOptions options;
  options.failure_rate = 0.5;
  options.minimum_calls = 20;
  options.window = TimeWindowOptions{10s, 10};
  options.open_duration = 10s;
  options.ramp = RampOptions{30s, 0.1, controller};
  Bench bench{options};
  Hour seen;
  std::uint64_t opened_in_outage = 0;
  for (int second = 0; second < 3'600; ++second) {
    if (second == 60) opened_in_outage = bench.snapshot().totals.opened;
    int left = second < 60 ? 0 : 40;
    for (int i = 0; i < 100; ++i) {
      bench.time.advance(10ms);
      const bool good = left > 0;
      if (!bench.call(good ? Verdict::success : Verdict::failure)) {
        ++seen.refused;
      } else {
        (good ? seen.answered : seen.failed) += 1;
        --left;
      }
    }
  }
  seen.opened_again = bench.snapshot().totals.opened - opened_in_outage;
  for (const RampEvent& event : bench.events.ramps) seen.fell += event.change == RampChange::fell ? 1 : 0;
  if (const auto ramp = bench.snapshot().ramp) seen.safe_share = ramp->safe_share;
  return seen;
}

::testing::AssertionResult is(const Hour& seen, std::uint64_t opened_again, std::uint64_t answered,
                              std::uint64_t failed, std::uint64_t fell) {
  if (seen.opened_again == opened_again && seen.answered == answered && seen.failed == failed &&
      seen.fell == fell)
    return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << "opened again " << seen.opened_again << ", answered " << seen.answered << ", failed "
         << seen.failed << ", fell " << seen.fell;
}

// The figures are those of docs/policies/controlled-ramp.md.
TEST(RampController, SettlesWhereAPlainRampOpensAgainAndAgain) {
  const Hour plain = hour_at_40_percent({});
  EXPECT_TRUE(is(plain, 93, 90'618, 45'169, 0));
  const Hour settled = hour_at_40_percent(RampControllerOptions{});
  EXPECT_TRUE(is(settled, 0, 119'821, 682, 23));
  EXPECT_NEAR(settled.safe_share, 0.3375, 1e-9) << "0.1 · 1.5³";
}

}  // namespace
}  // namespace switchgear
