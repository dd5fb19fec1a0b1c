#include "app/top/figures.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "app/top/rate_history.hpp"

namespace switchgear::top {
namespace {

TEST(Figures, KeepRatesAndLengthsShort) {
  EXPECT_EQ(rate_text(0), "0.0");
  EXPECT_EQ(rate_text(9999.9), "9999.9");
  EXPECT_EQ(rate_text(9999.96), "10.0k");
  EXPECT_EQ(rate_text(1'234'567), "1.2M");
  EXPECT_EQ(percent_text(0.62), "62.0%");
  EXPECT_EQ(percent_text(1), "100.0%");
  EXPECT_EQ(length_text(-1), "0.0s");
  EXPECT_EQ(length_text(4.2), "4.2s");
  EXPECT_EQ(length_text(9.96), "9s");
  EXPECT_EQ(length_text(59.9), "59s");
  EXPECT_EQ(length_text(192), "3m12s");
  EXPECT_EQ(length_text(18'420), "5h07m");
  EXPECT_EQ(length_text(273'600), "3d04h");
  EXPECT_EQ(length_text(std::numeric_limits<double>::quiet_NaN()), "0.0s");
  EXPECT_EQ(length_text(std::numeric_limits<double>::infinity()), "11574074d01h");
}

TEST(Figures, DrawABarInHalves) {
  EXPECT_EQ(bar_text(100, 4), "████");
  EXPECT_EQ(bar_text(0, 4), "░░░░");
  EXPECT_EQ(bar_text(60, 4), "██▌░");
  EXPECT_EQ(bar_text(250, 2), "██");
}

TEST(Figures, DrawSparksByTheLargestValue) {
  const double unknown = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(spark_text({0, 1, 4, 8, unknown, 2}), "▁▁▄█ ▂");
  EXPECT_EQ(spark_text({0, 0}), "▁▁") << "nothing is not the same as unknown";
  EXPECT_EQ(spark_text({}), "");
  EXPECT_EQ(peak_of({unknown, 3, 2}), 3);
}

TEST(Figures, ReadTheServersClock) {
  EXPECT_DOUBLE_EQ(utc_seconds("1970-01-02T00:00:01.500Z"), 86'401.5);
  EXPECT_TRUE(std::isnan(utc_seconds("yesterday")));
  EXPECT_EQ(clock_text("2026-03-01T12:34:56.789Z"), "12:34:56");
  EXPECT_EQ(clock_text("\x1b[2J"), "?[2J");
}

TEST(RateHistory, KeepsFiveMinutesAndThePartsThatSecondsBelongTo) {
  RateHistory history;
  for (int second = 0; second < 1000; ++second) history.add({static_cast<double>(second), 0, 0});
  const auto means = history.means(0, 300);
  EXPECT_EQ(means.front(), 700);
  EXPECT_EQ(means.back(), 999);
  const auto coarse = history.means(0, 30);
  EXPECT_EQ(coarse[28], 984.5);
  history.add({7, 0, 0});
  EXPECT_EQ(history.means(0, 30)[28], 994.5) << "a part that is complete moves, and does not change";
  EXPECT_EQ(history.means(0, 30)[29], 7);
}

TEST(RateHistory, KnowsNothingOfTheTimeBeforeItsFirstSampleAndWithoutAConnection) {
  RateHistory history;
  EXPECT_TRUE(std::isnan(history.means(0, 10).back()));
  history.add({4, 2, 1});
  history.add_unknown();
  const auto means = history.means(1, 300);
  EXPECT_TRUE(std::isnan(means[297]));
  EXPECT_EQ(means[298], 2);
  EXPECT_TRUE(std::isnan(means[299]));
  EXPECT_TRUE(history.means(0, 0).empty());
}

}  // namespace
}  // namespace switchgear::top
