#include "switchgear/observe/load_forecast.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace switchgear {
namespace {

using namespace std::chrono_literals;

/// Erlang's tables for a loss of 1 %.
TEST(LoadForecast, KnowsTheLoadThatSlotsBear) {
  EXPECT_NEAR(full_load(1), 0.0101, 0.0001);
  EXPECT_NEAR(full_load(5), 1.361, 0.001);
  EXPECT_NEAR(full_load(10), 4.461, 0.001);
  EXPECT_NEAR(full_load(50), 37.90, 0.01);
  EXPECT_NEAR(full_load(100), 84.06, 0.01);
  EXPECT_GT(full_load(1'000'000), 0.97e6);
  EXPECT_LT(full_load(1'000'000), 1e6);
}

/// A minute of calls that come independently of each other and take 200 ms on average.
LoadPoint minute(std::mt19937_64& random, double in_flight) {
  constexpr double mean = 0.2;
  const int calls = std::poisson_distribution<int>(60 * in_flight / mean)(random);
  double took = 0;
  if (calls > 0) took = std::gamma_distribution<double>(calls, mean)(random);
  return {static_cast<double>(calls), Duration{static_cast<Duration::rep>(took * 1e9)}};
}

TEST(LoadForecast, SaysWhenASteadyGrowthFillsTheSlots) {
  std::vector<LoadPoint> points;
  for (int i = 0; i < 26; ++i)
    points.push_back({1'000, Duration{10s} * (10 + 3 * i)});  // from 1.7 to 14 of 25
  const auto found = forecast_load(points, 25);
  ASSERT_TRUE(found);
  EXPECT_LE(found->eta, 10min);
  EXPECT_NEAR(found->now, 0.57, 0.05);
  EXPECT_FALSE(forecast_load(points, 100)) << "there is room enough for half an hour";
  EXPECT_FALSE(forecast_load(points, 10)) << "they are full already";
}

TEST(LoadForecast, SaysNothingOfALoadThatStays) {
  EXPECT_FALSE(forecast_load(std::vector<LoadPoint>(100, {1'000, Duration{600s}}), 25));
  EXPECT_FALSE(forecast_load({}, 25));
  EXPECT_FALSE(forecast_load(std::vector<LoadPoint>(100), 25));
}

/// The figures of docs/figures.md.
TEST(LoadForecast, IsMeasuredOnGrowingAndOnUsualLoads) {
  constexpr int growing = 100, days = 100;
  constexpr std::uint64_t slots = 25;
  const double full = full_load(slots);
  int timely = 0, within = 0, false_days = 0;
  for (int i = 0; i < growing; ++i) {
    std::mt19937_64 random(static_cast<std::uint64_t>(170'000 + i));
    const double length = 20 + 40 * (i % 7) / 6.0;
    std::vector<LoadPoint> points;
    for (int m = 0; m < 60; ++m) points.push_back(minute(random, 0.2 * full));
    for (int m = 0; m < length; ++m) {
      points.push_back(minute(random, full * (0.2 + 0.8 * m / length)));
      const auto found = forecast_load(points, slots);
      if (!found) continue;
      const double left = length - m;
      if (left >= 2) ++timely;
      if (to_seconds(found->soonest) / 60 <= left + 1 &&
          (!found->latest || to_seconds(*found->latest) / 60 >= left - 1))
        ++within;
      break;
    }
  }
  for (int i = 0; i < days; ++i) {
    std::mt19937_64 random(static_cast<std::uint64_t>(180'000 + i));
    std::vector<LoadPoint> points;
    bool told = false;
    for (int m = 0; m < 1'440; ++m) {
      const double swing = 0.2 * (1 + std::sin(6.2832 * m / 1'440));
      const double busy = m > 600 && m < 660 ? 0.15 : 0;
      points.push_back(minute(random, full * (0.2 + swing + busy)));
      if (points.size() > 240) points.erase(points.begin());
      told = told || forecast_load(points, slots).has_value();
    }
    if (told) ++false_days;
  }
  RecordProperty("timely", timely);
  RecordProperty("within", within);
  RecordProperty("false_days", false_days);
  EXPECT_GE(timely, 80);
  EXPECT_LE(false_days, 10);
}

}  // namespace
}  // namespace switchgear
