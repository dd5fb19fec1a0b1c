#include "switchgear/policy/window.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "switchgear/policy/latency_code.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;

TEST(LatencyCode, IsWithinTwoPercentOfEveryLatencyFromAMicrosecondToAnHour) {
  for (Duration latency = 1024ns; latency < 1h; latency += latency / 73) {
    const double shown = to_seconds(latency_of_code(latency_code(latency)));
    ASSERT_NEAR(shown / to_seconds(latency), 1.0, 0.02) << to_seconds(latency);
  }
}

TEST(LatencyCode, HoldsWhatIsOutsideItsRangeAtTheEnds) {
  EXPECT_EQ(latency_code(-5s), 0U);
  EXPECT_EQ(latency_code(Duration::max()), latency_codes - 1);
}

TEST(NearestRank, IsNotFooledByRounding) {
  EXPECT_EQ(nearest_rank(0.07, 100), 7U);
  EXPECT_EQ(nearest_rank(0.28, 25), 7U);
  EXPECT_EQ(nearest_rank(0.95, 20), 19U);
  EXPECT_EQ(nearest_rank(0.5, 1), 1U);
  EXPECT_EQ(nearest_rank(1.0, 10), 10U);
  EXPECT_EQ(nearest_rank(0.0001, 10), 1U);
}

const auto always = [] { return true; };
const auto never = [] { return false; };

TEST(CountWindow, KeepsTheSumsOfTheLastCalls) {
  CountWindow window{{4}, false};
  window.start(1);
  for (int i = 0; i < 3; ++i) window.add(1, {.failed = true, .slow = i == 0}, always);
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(window.try_add_success(1, always)) << "failures are in the window";
  for (int i = 0; i < 2; ++i) window.add(1, {}, always);
  const WindowCounts counts = window.counts(1);
  EXPECT_EQ(counts.calls, 4U);
  EXPECT_EQ(counts.failures, 2U);
  EXPECT_EQ(counts.slow, 0U);
}

TEST(CountWindow, LetsNoStragglerChangeTheSumsOfALaterGeneration) {
  CountWindow window{{4}, false};
  window.start(1);
  window.add(1, {.failed = true}, always);
  window.start(3);
  window.add(3, {.failed = true}, always);
  window.add(1, {.failed = true}, never);
  EXPECT_EQ(window.counts(3).failures, 1U);
  EXPECT_EQ(window.counts(1).failures, 0U);
}

TEST(TimeWindow, AlignsItsBucketsToTheClock) {
  CallCells cells{4};
  TimeWindow window{{1s, 3}, false, 1, cells};  // a third of a second is no whole number of nanoseconds
  window.start(1, TimePoint{0s});
  window.add(cells.mine(), 1, {}, TimePoint{Duration{333'333'333}}, always);  // floor(0.999…) = bucket 0
  window.add(cells.mine(), 1, {}, TimePoint{Duration{333'333'334}}, always);  // bucket 1
  EXPECT_EQ(window.counts_at(1, TimePoint{999'999'999ns}).calls, 2U);
  EXPECT_EQ(window.counts_at(1, TimePoint{1s}).calls, 1U);
  EXPECT_EQ(window.counts_at(1, TimePoint{1'333'333'333ns}).calls, 1U);
  EXPECT_EQ(window.counts_at(1, TimePoint{1'333'333'334ns}).calls, 0U);
}

TEST(TimeWindow, WorksBeforeTheClocksOrigin) {
  CallCells cells{4};
  TimeWindow window{{10s, 10}, false, 1, cells};
  window.start(1, TimePoint{-100s});
  window.add(cells.mine(), 1, {.failed = true}, TimePoint{-95s}, always);
  window.add(cells.mine(), 1, {.failed = true}, TimePoint{-90s}, always);
  EXPECT_EQ(window.counts(1).failures, 2U);
  window.add(cells.mine(), 1, {.failed = true}, TimePoint{-84s}, always);
  EXPECT_EQ(window.counts(1).failures, 2U);
}

TEST(TimeWindow, ShowsAQuantileWithinTwoPercent) {
  CallCells cells{4};
  TimeWindow window{{10s, 10}, true, 1, cells};
  window.start(1, TimePoint{0s});
  for (int i = 1; i <= 100; ++i) window.add(cells.mine(), 1, {.latency = 10ms * i}, TimePoint{1s}, always);
  EXPECT_NEAR(to_seconds(window.quantile(0.95)), 0.95, 0.95 * 0.02);
}

}  // namespace
}  // namespace switchgear
