#include "switchgear/observe/duration_histogram.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <thread>
#include <vector>

namespace switchgear {
namespace {

using std::chrono::nanoseconds;

std::size_t only_bucket(Duration length) {
  DurationHistogram histogram;
  histogram.record(length);
  const auto seen = histogram.snapshot();
  EXPECT_EQ(seen.count, 1U);
  for (std::size_t i = 0; i < seen.counts.size(); ++i) {
    if (seen.counts[i] == 1) return i;
  }
  ADD_FAILURE() << "no bucket took " << length.count() << " ns";
  return seen.counts.size();
}

TEST(DurationHistogram, TakesEachBoundIntoItsOwnBucketAndTheNextNanosecondIntoTheNext) {
  for (std::size_t i = 0; i < duration_bounds.size(); ++i) {
    const Duration bound = from_seconds(duration_bounds[i]);
    EXPECT_EQ(only_bucket(bound), i) << duration_bounds[i];
    EXPECT_EQ(only_bucket(bound - nanoseconds{1}), i) << duration_bounds[i];
    EXPECT_EQ(only_bucket(bound + nanoseconds{1}), i + 1) << duration_bounds[i];
  }
}

TEST(DurationHistogram, AgreesWithAPlainSearchOverEveryPowerOfTwo) {
  for (int bit = 0; bit < 62; ++bit) {
    for (const std::int64_t near : {-1, 0, 1}) {
      const Duration length{(std::int64_t{1} << bit) + near};
      std::size_t expected = 0;
      while (expected < duration_bounds.size() && length > from_seconds(duration_bounds[expected]))
        ++expected;
      EXPECT_EQ(only_bucket(length), expected) << length.count();
    }
  }
}

TEST(DurationHistogram, ReadsANegativeLengthAsZero) {
  DurationHistogram histogram;
  histogram.record(Duration::min());
  EXPECT_EQ(histogram.snapshot().counts.front(), 1U);
  EXPECT_EQ(histogram.snapshot().sum, Duration::zero());
}

TEST(DurationHistogram, SumsWhatItCounted) {
  DurationHistogram histogram;
  histogram.record(std::chrono::milliseconds{3});
  histogram.record(std::chrono::seconds{90});
  const auto seen = histogram.snapshot();
  EXPECT_EQ(seen.count, 2U);
  EXPECT_EQ(seen.counts.back(), 1U) << "longer than the last bound";
  EXPECT_EQ(seen.sum, std::chrono::milliseconds{90'003});
}

TEST(DurationHistogram, LosesNothingWithMoreThreadsThanOwnCells) {
  constexpr int threads = 16;
  constexpr int records = 5'000;
  DurationHistogram histogram;
  std::vector<std::jthread> workers;
  for (int t = 0; t < threads; ++t) {
    workers.emplace_back([&histogram] {
      for (int i = 0; i < records; ++i) histogram.record(nanoseconds{1'000'000 + i});
    });
  }
  workers.clear();
  const auto seen = histogram.snapshot();
  EXPECT_EQ(seen.count, std::uint64_t{threads} * records);
  EXPECT_EQ(seen.sum.count(),
            std::int64_t{threads} * (1'000'000LL * records + records * (records - 1LL) / 2));
}

}  // namespace
}  // namespace switchgear
