#include "switchgear/core/time.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace switchgear {
namespace {

using namespace std::chrono_literals;

TEST(Time, AddingSaturatesInsteadOfOverflowing) {
  EXPECT_EQ(saturating_add(TimePoint::max() - 1ns, 5s), TimePoint::max());
  EXPECT_EQ(saturating_add(TimePoint::min() + 1ns, -5s), TimePoint::min());
  EXPECT_EQ(saturating_add(TimePoint{1s}, 2s), TimePoint{3s});
}

TEST(Time, SubtractingSaturatesInsteadOfOverflowing) {
  EXPECT_EQ(saturating_sub(TimePoint::max(), TimePoint::min()), Duration::max());
  EXPECT_EQ(saturating_sub(TimePoint::min(), TimePoint::max()), Duration::min());
  EXPECT_EQ(saturating_sub(TimePoint{1s}, TimePoint{3s}), -2s);
}

TEST(Time, SecondsSurviveTheWayThroughADouble) {
  EXPECT_EQ(from_seconds(1.25), 1250ms);
  EXPECT_EQ(from_seconds(0.1), 100ms);
  EXPECT_EQ(from_seconds(-0.1), -100ms);
  EXPECT_DOUBLE_EQ(to_seconds(250ms), 0.25);
}

TEST(Time, SecondsBeyondTheRangeAreHeldAtItsEnds) {
  EXPECT_EQ(from_seconds(1e300), Duration::max());
  EXPECT_EQ(from_seconds(-1e300), Duration::min());
  EXPECT_EQ(from_seconds(std::numeric_limits<double>::quiet_NaN()), Duration::zero());
}

TEST(Time, AnAnchorPutsADateOnAMonotonicReading) {
  const WallAnchor::Wall noon{std::chrono::hours{12}};
  const WallAnchor anchor{TimePoint{100s}, noon};
  EXPECT_EQ(anchor.to_wall(TimePoint{103s}), noon + 3s);
  EXPECT_EQ(anchor.to_wall(TimePoint{90s}), noon - 10s);
}

}  // namespace
}  // namespace switchgear
