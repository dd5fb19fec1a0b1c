#include "switchgear/observe/rate_meter.hpp"

#include <gtest/gtest.h>

namespace switchgear {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{1h};

TEST(RateMeter, KnowsNothingFromOneSample) {
  RateMeter meter;
  const CallRates rates = meter.sample({1000, 10, 5}, start);
  EXPECT_EQ(rates.calls, 0);
  EXPECT_EQ(rates.failures, 0);
  EXPECT_EQ(rates.rejected, 0);
}

TEST(RateMeter, DividesWhatWasAddedByTheTimeBetween) {
  RateMeter meter;
  meter.sample({1000, 10, 5}, start);
  const CallRates rates = meter.sample({1100, 20, 30}, start + 500ms);
  EXPECT_DOUBLE_EQ(rates.calls, 200);
  EXPECT_DOUBLE_EQ(rates.failures, 20);
  EXPECT_DOUBLE_EQ(rates.rejected, 50);
}

TEST(RateMeter, ForgetsABurstAfterItsSpan) {
  RateMeter meter{1s};
  meter.sample({0, 0, 0}, start);
  meter.sample({100, 0, 0}, start + 250ms);
  for (int tick = 2; tick <= 4; ++tick) meter.sample({100, 0, 0}, start + tick * 250ms);
  EXPECT_DOUBLE_EQ(meter.rates().calls, 100) << "the burst is just inside the last second";
  meter.sample({100, 0, 0}, start + 5 * 250ms);
  EXPECT_DOUBLE_EQ(meter.rates().calls, 0);
}

TEST(RateMeter, StaysRightWhenItIsAskedFarMoreOftenThanItHasRoom) {
  RateMeter meter{10s};
  for (std::uint64_t tick = 0; tick < 1000; ++tick) {
    meter.sample({tick, 0, 0}, start + tick * 10ms);
  }
  EXPECT_NEAR(meter.rates().calls, 100, 1e-6);
}

TEST(RateMeter, StartsAnewWhenTotalsGoBack) {
  RateMeter meter;
  meter.sample({1000, 0, 0}, start);
  meter.sample({2000, 0, 0}, start + 1s);
  EXPECT_EQ(meter.sample({3, 0, 0}, start + 2s).calls, 0) << "a replaced breaker counts from zero";
  EXPECT_DOUBLE_EQ(meter.sample({13, 0, 0}, start + 3s).calls, 10);
}

TEST(RateMeter, KeepsItsFigureWhenAskedTwiceAtOneInstantOrWithAnEarlierOne) {
  RateMeter meter;
  meter.sample({0, 0, 0}, start);
  meter.sample({50, 0, 0}, start + 1s);
  EXPECT_DOUBLE_EQ(meter.sample({60, 0, 0}, start + 1s).calls, 50);
  EXPECT_DOUBLE_EQ(meter.sample({60, 0, 0}, start).calls, 50);
}

}  // namespace
}  // namespace switchgear
