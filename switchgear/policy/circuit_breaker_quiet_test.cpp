// A service that is seldom called, and answers well when it is: only evidence may open its breaker again.
#include <gtest/gtest.h>

#include "switchgear/policy/breaker_fixture.hpp"

namespace switchgear {
namespace {

/// Opens with the first failure; everything else as it comes.
CircuitBreakerOptions sensitive() {
  CircuitBreakerOptions options;
  options.consecutive_failures = 1;
  return options;
}

struct Hour {
  int refused_while_open = 0;
  int refused_later = 0;  ///< after the first probe
  int good = 0;           ///< answers until it closed
};

/// One failure, then good answers only, one call every `pace`, for an hour.
Hour hour_of_good_answers(Bench& bench, Duration pace) {
  Hour seen;
  bench.fail();
  for (Duration passed = pace; passed <= 1h; passed += pace) {
    bench.time.advance(pace);
    const bool was_closed = bench.state() == State::closed;
    if (bench.succeed()) {
      if (!was_closed) ++seen.good;
    } else {
      ++(seen.good == 0 ? seen.refused_while_open : seen.refused_later);
    }
  }
  return seen;
}

TEST(QuietService, AnHourOfGoodAnswersEvery20SecondsClosesTheDefaultBreakerAndIsNeverRefusedAgain) {
  Bench bench{sensitive()};
  const Hour seen = hour_of_good_answers(bench, 20s);
  EXPECT_EQ(seen.refused_while_open, 1);
  EXPECT_EQ(seen.refused_later, 0);
  EXPECT_EQ(seen.good, 3);
  EXPECT_EQ(bench.state(), State::closed);
  EXPECT_EQ(bench.snapshot().totals.opened, 1U);
}

TEST(QuietService, ABackoffOfTwoDoesNotDoubleTheOpeningsOfAServiceThatAnswersWell) {
  CircuitBreakerOptions options = sensitive();
  options.backoff = 2;
  Bench bench{options};
  const Hour seen = hour_of_good_answers(bench, 20s);
  EXPECT_EQ(seen.refused_while_open, 1);
  EXPECT_EQ(seen.refused_later, 0);
  EXPECT_EQ(bench.state(), State::closed);
  EXPECT_EQ(bench.snapshot().relapses, 0U);
}

TEST(QuietService, AServiceCalledOnceAnHourClosesAfterItsLastPermittedGoodAnswer) {
  Bench bench{sensitive()};
  bench.fail();
  for (int call = 0; call < 3; ++call) {
    EXPECT_NE(bench.state(), State::closed);
    bench.time.advance(1h);
    bench.breaker.advance(bench.time.now());  // a ticker has nothing to do here
    EXPECT_TRUE(bench.succeed()) << "call " << call;
  }
  EXPECT_EQ(bench.state(), State::closed);
  EXPECT_EQ(bench.snapshot().totals.opened, 1U);
  EXPECT_EQ(bench.snapshot().totals.rejected, 0U);
}

TEST(QuietService, ATimerThatMakesItHalfOpenDoesNotMakeItRelapseWithoutACall) {
  CircuitBreakerOptions options = sensitive();
  options.probe_automatically = true;
  Bench bench{options};
  bench.fail();
  for (int hour = 0; hour < 24; ++hour) {
    bench.time.advance(1h);
    bench.breaker.advance(bench.time.now());
  }
  EXPECT_EQ(bench.state(), State::half_open);
  EXPECT_FALSE(bench.breaker.next_due()) << "no probe is out";
  EXPECT_EQ(bench.snapshot().totals.opened, 1U);
}

}  // namespace
}  // namespace switchgear
