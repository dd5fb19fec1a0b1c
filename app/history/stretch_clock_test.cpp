#include "app/history/stretch_clock.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "app/history/manual_history_fixture.hpp"

namespace switchgear::history {
namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

class StretchClockTest : public testing::Test {
 protected:
  StretchClock::Tick tick_after(Duration length) { return clock.tick(clocks.pass(length)); }

  ManualClocks clocks;
  StretchClock clock{10s, clocks.now, std::nullopt};
};

TEST_F(StretchClockTest, EndsStretchesAtMultiplesOfTheResolution) {
  EXPECT_EQ(clock.until_next(clocks.now), Duration{10s});
  EXPECT_EQ(tick_after(10s + 3ms).ended, (Stretch{noon, 10s}));
  EXPECT_EQ(clock.until_next(clocks.now), Duration{10s - 3ms});
  EXPECT_EQ(tick_after(2s).ended, std::nullopt) << "asked too early";
  EXPECT_EQ(tick_after(8s).ended, (Stretch{noon + 10s, 10s}));
}

TEST_F(StretchClockTest, BeginsInTheMiddleAndGoesOnAtTheNextMultiple) {
  clocks.pass(3s + 500ms);
  StretchClock late{10s, clocks.now, std::nullopt};
  EXPECT_EQ(late.tick(clocks.pass(6s + 500ms)).ended, (Stretch{noon + 4s, 6s}));
}

TEST_F(StretchClockTest, AThreadThatWasHeldUpMakesOneLongStretch) {
  EXPECT_EQ(tick_after(47s).ended, (Stretch{noon, 40s}));
  EXPECT_EQ(tick_after(3s).ended, (Stretch{noon + 40s, 10s}));
}

TEST_F(StretchClockTest, AClockThatIsSetForwardLeavesAGap) {
  (void)tick_after(10s);
  clocks.set_wall(1h);
  const auto tick = tick_after(7s);
  EXPECT_EQ(tick.set, Duration{1h});
  EXPECT_EQ(tick.ended, (Stretch{noon + 10s, 7s})) << "the time that has really passed";
  EXPECT_EQ(tick_after(3s).ended, (Stretch{noon + 1h + 17s, 3s}));
}

TEST_F(StretchClockTest, AClockThatIsSetBackCoversTheSameTimeAgain) {
  (void)tick_after(10s);
  clocks.set_wall(-1h);
  const auto tick = tick_after(7s);
  EXPECT_LE(tick.set, Duration{-1h});
  EXPECT_EQ(tick.ended, (Stretch{noon + 10s, 7s}));
  EXPECT_EQ(tick_after(3s).ended, (Stretch{noon - 1h + 17s, 3s}));
}

TEST_F(StretchClockTest, AClockThatIsOffByLittleIsWaitedFor) {
  (void)tick_after(10s);
  clocks.set_wall(-25s);
  const auto tick = tick_after(10s);
  EXPECT_EQ(tick.set, Duration::zero());
  EXPECT_EQ(tick.ended, std::nullopt);
  EXPECT_EQ(tick_after(10s).ended, std::nullopt);
  EXPECT_EQ(tick_after(15s).ended, (Stretch{noon + 10s, 10s})) << "35 s of counts, in order";
}

TEST_F(StretchClockTest, BeginsNowWhateverABrokenFileSays) {
  for (const std::int64_t absurd : {std::int64_t{1} << 62, std::numeric_limits<std::int64_t>::max(),
                                    std::numeric_limits<std::int64_t>::min()}) {
    StretchClock next{10s, clocks.now, std::chrono::sys_seconds{seconds{absurd}}};
    EXPECT_EQ(next.finish(clocks.now), (Stretch{noon, 1s})) << absurd;
  }
}

TEST_F(StretchClockTest, FollowsOnTheLastStretchOfAnEarlierProcess) {
  StretchClock next{10s, clocks.now, noon + 6s};
  EXPECT_EQ(next.tick(clocks.pass(10s)).ended, (Stretch{noon + 6s, 4s}));
  StretchClock from_the_future{10s, clocks.now, noon + 1h};
  EXPECT_EQ(from_the_future.tick(clocks.pass(10s)).ended, (Stretch{noon + 10s, 10s}));
}

TEST_F(StretchClockTest, GivesTheStretchUnderWayAtTheEnd) {
  EXPECT_EQ(clock.finish(clocks.pass(900ms)), (Stretch{noon, 1s}));
  EXPECT_EQ(clock.finish(clocks.pass(4s)), (Stretch{noon, 4s}));
}

TEST_F(StretchClockTest, WhateverTheWallClockDoesStretchesAreWholeAndDisjointBetweenSettingsBack) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random{seed};
    ManualClocks moved;
    StretchClock any{10s, moved.now, std::nullopt};
    std::chrono::sys_seconds end{};
    for (int i = 0; i < 300; ++i) {
      if (random() % 10 == 0) moved.set_wall(seconds{static_cast<int>(random() % 8000) - 4000});
      const auto tick = any.tick(moved.pass(std::chrono::milliseconds{random() % 15'000}));
      if (tick.ended) {
        ASSERT_GT(tick.ended->length, 0s) << "seed " << seed;
        ASSERT_GE(tick.ended->from, end) << "seed " << seed;
        end = tick.ended->end();
      }
      if (tick.set < Duration::zero()) end = {};
      const Duration next = any.until_next(moved.now);
      ASSERT_GT(next, Duration::zero()) << "seed " << seed;
      ASSERT_LE(next, Duration{10s}) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace switchgear::history
