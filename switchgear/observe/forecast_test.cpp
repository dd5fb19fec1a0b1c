#include "switchgear/observe/forecast.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace switchgear {
namespace {

using namespace std::chrono_literals;

ForecastPoint minute(std::mt19937_64& random, double calls, double rate) {
  const auto made = std::poisson_distribution<int>(calls)(random);
  const int failed =
      made == 0 ? 0 : std::binomial_distribution<int>(made, std::clamp(rate, 0.0, 1.0))(random);
  return {static_cast<double>(failed), static_cast<double>(made)};
}

/// Grows from 1 % to half within so many minutes, evenly in its logit.
double growing(double at, double minutes) {
  const double from = std::log(0.01 / 0.99);
  return 1 / (1 + std::exp(-(from - from * at / minutes)));
}

TEST(Forecast, SaysWhenASteadyGrowthReachesTheLimit) {
  std::vector<ForecastPoint> points;
  for (int i = 0; i <= 20; ++i) points.push_back({10'000 * growing(i, 40), 10'000});
  const auto found = forecast(points, 0.5);
  ASSERT_TRUE(found);
  EXPECT_NEAR(std::chrono::duration<double>(found->eta).count() / 60, 20, 4);
  EXPECT_LE(found->soonest, found->eta);
  ASSERT_TRUE(found->latest);
  EXPECT_GE(*found->latest, found->eta);
  EXPECT_NEAR(found->now, growing(20, 40), 0.03);
}

TEST(Forecast, SaysNothingOfWhatDoesNotGrow) {
  std::vector<ForecastPoint> points(100, {100, 1'000});
  EXPECT_FALSE(forecast(points, 0.5));
  for (std::size_t i = 0; i < points.size(); ++i) points[i].part = 300 - static_cast<double>(i);
  EXPECT_FALSE(forecast(points, 0.5)) << "it shrinks";
}

TEST(Forecast, SaysNothingOnceTheLimitIsReached) {
  std::vector<ForecastPoint> points;
  for (int i = 0; i <= 45; ++i) points.push_back({10'000 * growing(i, 40), 10'000});
  EXPECT_FALSE(forecast(points, 0.5));
}

TEST(Forecast, NeedsPointsWithSomethingInThem) {
  EXPECT_FALSE(forecast({}, 0.5));
  std::vector<ForecastPoint> points;
  for (int i = 0; i < 8; ++i) points.push_back({10'000 * growing(i, 12), 10'000});
  EXPECT_FALSE(forecast(points, 0.5));
  points.assign(50, {0, 0});
  EXPECT_FALSE(forecast(points, 0.5));
}

TEST(Forecast, PassesOverGaps) {
  std::vector<ForecastPoint> points;
  for (int i = 0; i <= 24; ++i) {
    const bool gap = i % 4 == 1;
    points.push_back(gap ? ForecastPoint{} : ForecastPoint{10'000 * growing(i, 40), 10'000});
  }
  EXPECT_TRUE(forecast(points, 0.5));
}

/// The figures of docs/figures.md: outages that grow within 15 to 45 minutes out of an hour as usual, and
/// quiet days with a swing of their failure rate and an hour of more failures that never come near the limit.
TEST(Forecast, IsMeasuredOnOutagesAndQuietDays) {
  constexpr int outages = 100, days = 100;
  int foretold = 0, timely = 0, false_days = 0, within = 0;
  for (int i = 0; i < outages; ++i) {
    std::mt19937_64 random(static_cast<std::uint64_t>(70'000 + i));
    const double calls = i % 2 == 0 ? 120 : 1'200, length = 15 + 30 * (i % 7) / 6.0;
    std::vector<ForecastPoint> points;
    for (int m = 0; m < 60; ++m) points.push_back(minute(random, calls, 0.01));
    bool told = false;
    for (int m = 0; m < length; ++m) {
      points.push_back(minute(random, calls, growing(m, length)));
      const auto found = forecast(points, 0.5);
      if (!found || told) continue;
      told = true;
      ++foretold;
      const double left = length - m;
      if (left >= 2) ++timely;
      if (std::chrono::duration<double>(found->soonest).count() / 60 <= left + 1 &&
          (!found->latest || std::chrono::duration<double>(*found->latest).count() / 60 >= left - 1))
        ++within;
    }
  }
  for (int i = 0; i < days; ++i) {
    std::mt19937_64 random(static_cast<std::uint64_t>(80'000 + i));
    const double calls = i % 2 == 0 ? 120 : 1'200;
    std::vector<ForecastPoint> points;
    bool told = false;
    for (int m = 0; m < 1'440; ++m) {
      const double swing = 0.02 * (1 + std::sin(6.2832 * m / 1'440));
      const double worse = m > 600 && m < 660 ? 0.08 : 0;
      points.push_back(minute(random, calls, 0.01 + swing + worse));
      if (points.size() > 240) points.erase(points.begin());
      told = told || forecast(points, 0.5).has_value();
    }
    if (told) ++false_days;
  }
  RecordProperty("foretold", foretold);
  RecordProperty("timely", timely);
  RecordProperty("within", within);
  RecordProperty("false_days", false_days);
  EXPECT_GE(timely, 80);
  EXPECT_LE(false_days, 10);
}

}  // namespace
}  // namespace switchgear
