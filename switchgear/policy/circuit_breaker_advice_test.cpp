// A fleet's advice: calls are refused while it lasts, and nothing else about the breaker changes.
#include <gtest/gtest.h>

#include "switchgear/policy/breaker_fixture.hpp"

namespace switchgear {
namespace {

/// A breaker that opens after two failures in a row, for 10 s, and closes after two good probes.
CircuitBreakerOptions options() {
  CircuitBreakerOptions options;
  options.consecutive_failures = 2;
  options.open_duration = 10s;
  options.half_open.permitted_calls = 2;
  return options;
}

class AdvisedBreaker : public ::testing::Test {
 protected:
  void advise(Duration refuse, Duration hold) {
    bench.breaker.advise({bench.time.now() + refuse, bench.time.now() + hold});
  }

  Bench bench{options()};
};

TEST_F(AdvisedBreaker, RefusesForTheFleetUntilTheAdviceEndsByItself) {
  bench.time.advance(1s);
  advise(5s, 5s);
  const auto refused = bench.acquire();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.rejection().reason, Reason::fleet_open);
  EXPECT_EQ(refused.rejection().retry_after, 5s);
  EXPECT_EQ(bench.state(), State::closed) << "advice is not a state";
  EXPECT_TRUE(bench.snapshot().advised);
  bench.time.advance(5s);
  EXPECT_TRUE(bench.succeed());
  const BreakerSnapshot seen = bench.snapshot();
  EXPECT_FALSE(seen.advised);
  EXPECT_EQ(seen.totals.rejected, 1U);
  EXPECT_EQ(seen.totals.rejected_by_reason[static_cast<std::size_t>(Reason::fleet_open)], 1U);
  EXPECT_TRUE(bench.events.transitions.empty());
}

TEST_F(AdvisedBreaker, DissenterWithoutARefusalGoesOnCalling) {
  bench.time.advance(1s);
  advise(0s, 5s);
  EXPECT_TRUE(bench.succeed());
}

TEST_F(AdvisedBreaker, AnOpeningThatIsOverWaitsForTheFleetsProbe) {
  bench.fail(2);
  bench.time.advance(9s);
  advise(5s, 5s);
  EXPECT_EQ(bench.acquire().rejection().reason, Reason::open) << "its own opening comes first";
  bench.time.advance(1s);
  EXPECT_EQ(bench.acquire().rejection().reason, Reason::fleet_open);
  EXPECT_EQ(bench.state(), State::open);
  bench.time.advance(4s);
  EXPECT_TRUE(bench.succeed()) << "with the advice gone, its own timers rule";
  EXPECT_EQ(bench.state(), State::half_open);
}

TEST_F(AdvisedBreaker, HalfOpenOneHoldsItsFurtherProbes) {
  bench.fail(2);
  bench.time.advance(10s);
  EXPECT_TRUE(bench.succeed());
  advise(5s, 5s);
  EXPECT_EQ(bench.acquire().rejection().reason, Reason::fleet_open);
}

TEST_F(AdvisedBreaker, ClosedOneProbesForTheOthersAndOnlyItsCallsDecide) {
  bench.time.advance(1s);
  advise(5s, 5s);
  EXPECT_FALSE(bench.breaker.probe_for_fleet(Probing::only_open, bench.time.now()));
  advise(5s, 5s);
  EXPECT_TRUE(bench.breaker.probe_for_fleet(Probing::also_closed, bench.time.now()));
  ASSERT_EQ(bench.state(), State::half_open);
  EXPECT_EQ(bench.events.transitions.back().rule, Rule::fleet);
  EXPECT_TRUE(bench.succeed());
  EXPECT_TRUE(bench.fail());
  EXPECT_EQ(bench.state(), State::open);
  EXPECT_EQ(bench.events.transitions.back().rule, Rule::probe);
}

TEST_F(AdvisedBreaker, OperatorsStatesOutrankIt) {
  bench.time.advance(1s);
  advise(5s, 5s);
  bench.command(Command::force_open);
  EXPECT_EQ(bench.acquire().rejection().reason, Reason::forced_open);
  EXPECT_FALSE(bench.breaker.probe_for_fleet(Probing::also_closed, bench.time.now()));
  advise(5s, 5s);
  bench.command(Command::disable);
  EXPECT_TRUE(bench.succeed());
  bench.command(Command::metrics_only);
  EXPECT_TRUE(bench.succeed()) << "metrics_only refuses nothing";
  EXPECT_EQ(bench.snapshot().totals.would_reject, 1U);
}

TEST_F(AdvisedBreaker, TransitionKeepsTheAdvice) {
  bench.time.advance(1s);
  advise(60s, 60s);
  bench.command(Command::force_open);
  bench.command(Command::reset);
  EXPECT_EQ(bench.acquire().rejection().reason, Reason::fleet_open);
  bench.breaker.advise({});
  EXPECT_TRUE(bench.succeed());
}

}  // namespace
}  // namespace switchgear
