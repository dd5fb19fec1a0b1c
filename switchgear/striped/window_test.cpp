#include "switchgear/striped/window.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <deque>

#include "switchgear/core/random.hpp"
#include "switchgear/striped/latency_code.hpp"

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

constexpr Duration quick = 1ms;

TEST(MarkRing, KeepsTheSumsOfTheLastCallsLikeAPlainListWould) {
  Random random{5};
  for (const std::uint32_t size : {1U, 2U, 5U, 63U, 64U, 65U, 100U, 200U}) {
    MarkRing ring{size};
    std::vector<std::uint8_t> extras(size);
    std::deque<CallMarks> list(size);
    for (int step = 0; step < 3'000; ++step) {
      const auto dice = static_cast<std::uint64_t>(random.uniform() * 10);
      if (dice < 5) {
        const auto extra = static_cast<std::uint8_t>(dice < 2 ? random.uniform() * 100 : 0);
        const CallMarks marks{dice < 3, dice == 2, dice == 4, extra, {}};
        ring.put(marks, extras.data());
        list.push_back(marks);
      } else {
        const std::uint64_t many = dice == 9   ? std::uint64_t{3} * size
                                   : dice == 8 ? size
                                               : static_cast<std::uint64_t>(random.uniform() * 8);
        ring.skip(many, extras.data());
        list.insert(list.end(), many, {});
      }
      while (list.size() > size) list.pop_front();
      const auto count = [&](auto mark) {
        return static_cast<std::uint64_t>(std::count_if(list.begin(), list.end(), mark));
      };
      ASSERT_EQ(ring.failures(), count([](const CallMarks& m) { return m.failed; }))
          << size << " at " << step;
      ASSERT_EQ(ring.slow(), count([](const CallMarks& m) { return m.slow; })) << size << " at " << step;
      ASSERT_EQ(ring.high(), count([](const CallMarks& m) { return m.high; })) << size << " at " << step;
      std::uint64_t extra = 0;
      for (const CallMarks& marks : list) extra += marks.extra;
      ASSERT_EQ(ring.extra(), extra) << size << " at " << step;
    }
    ring.clear(extras.data());
    EXPECT_EQ(ring.failures() + ring.slow() + ring.high() + ring.extra(), 0U);
    EXPECT_EQ(extras, std::vector<std::uint8_t>(size));
  }
}

TEST(CountWindow, KeepsTheSumsOfTheLastCalls) {
  CountWindow window{{4}, {}, 2};
  window.start();
  for (int i = 0; i < 3; ++i) window.add(0, {.failed = true, .slow = i == 0});
  EXPECT_FALSE(window.full());
  window.add(1, {});
  EXPECT_TRUE(window.full());
  EXPECT_EQ(window.counts().failures, 3U);
  window.count_success(quick);
  window.add(1, {});
  EXPECT_EQ(window.counts().calls, 4U);
  EXPECT_EQ(window.counts().failures, 1U);
  EXPECT_EQ(window.counts().slow, 0U);
}

TEST(CountWindow, PassesOverTheSuccessesThatWereCountedWithoutTheLock) {
  CountWindow window{{4}, {}, 2};
  window.start();
  for (int i = 0; i < 4; ++i) window.add(0, {.failed = true});
  for (int i = 0; i < 3; ++i) window.count_success(quick);
  window.add(1, {.slow = true});
  EXPECT_EQ(window.seen().failures, 0U);
  EXPECT_EQ(window.seen().slow, 1U);
}

TEST(TimeWindow, AlignsItsBucketsToTheClock) {
  CallCells cells{4};
  TimeWindow window{{1s, 3}, false, cells, 2};  // a third of a second is no whole number of nanoseconds
  window.start(1, TimePoint{0s});
  window.add(cells.mine(), 0, {}, TimePoint{Duration{333'333'333}});  // floor(0.999…) = bucket 0
  window.add(cells.mine(), 0, {}, TimePoint{Duration{333'333'334}});  // bucket 1
  EXPECT_EQ(window.counts_at(TimePoint{999'999'999ns}).calls, 2U);
  EXPECT_EQ(window.counts_at(TimePoint{1s}).calls, 1U);
  EXPECT_EQ(window.counts_at(TimePoint{1'333'333'333ns}).calls, 1U);
  EXPECT_EQ(window.counts_at(TimePoint{1'333'333'334ns}).calls, 0U);
}

TEST(TimeWindow, WorksBeforeTheClocksOrigin) {
  CallCells cells{4};
  TimeWindow window{{10s, 10}, false, cells, 2};
  window.start(1, TimePoint{-100s});
  window.add(cells.mine(), 0, {.failed = true}, TimePoint{-95s});
  window.add(cells.mine(), 0, {.failed = true}, TimePoint{-90s});
  EXPECT_EQ(window.counts().failures, 2U);
  window.add(cells.mine(), 0, {.failed = true}, TimePoint{-84s});
  EXPECT_EQ(window.counts().failures, 2U);
}

TEST(TimeWindow, ForgetsSuccessesAndMarkedCallsWithTheirBucket) {
  CallCells cells{4};
  TimeWindow window{{10s, 10}, false, cells, 2};
  window.start(1, TimePoint{0s});
  for (int second = 0; second < 10; ++second) {
    ASSERT_TRUE(window.try_count_success(cells.mine(), 1, quick, TimePoint{1s * second}) == (second == 0));
    window.add(cells.mine(), 0, {.failed = second % 2 == 0}, TimePoint{1s * second});
  }
  EXPECT_EQ(window.counts().calls, 11U);
  EXPECT_EQ(window.counts().failures, 5U);
  EXPECT_EQ(window.counts_at(TimePoint{10s}).calls, 9U) << "two calls of the first second are gone";
  EXPECT_EQ(window.counts_at(TimePoint{10s}).failures, 4U);
  EXPECT_EQ(window.counts_at(TimePoint{18s}).calls, 1U);
  EXPECT_EQ(window.counts_at(TimePoint{19s}).calls, 0U);
  EXPECT_EQ(window.counts().calls, 11U) << "looking ahead changes nothing";
}

TEST(TimeWindow, ShowsAQuantileWithinTwoPercent) {
  CallCells cells{4};
  TimeWindow window{{10s, 10}, true, cells, 2};
  window.start(1, TimePoint{0s});
  for (int i = 1; i <= 100; ++i) window.add(cells.mine(), 0, {.latency = 10ms * i}, TimePoint{1s});
  EXPECT_NEAR(to_seconds(window.quantile(0.95)), 0.95, 0.95 * 0.02);
}

}  // namespace
}  // namespace switchgear
