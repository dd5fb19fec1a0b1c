#include "switchgear/striped/bucket_counts.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <latch>
#include <thread>
#include <vector>

namespace switchgear {
namespace {

using namespace std::chrono_literals;

constexpr int width_bits = 28;
constexpr Duration width{std::int64_t{1} << width_bits};
constexpr TimePoint start{1h};

TEST(BucketCounts, AddUpTheBucketsOfAWindow) {
  BucketCounts counts{width_bits};
  for (int bucket = 0; bucket < 10; ++bucket) {
    for (int i = 0; i <= bucket; ++i) counts.add(start + bucket * width);
  }
  const std::uint64_t last = counts.bucket_of(start + 9 * width);
  EXPECT_EQ(counts.in(last), 10U);
  EXPECT_EQ(counts.in(last - 9), 1U);
  EXPECT_EQ(counts.in(last - 10), 0U);
  EXPECT_EQ(counts.in_last(3, last), 10U + 9U + 8U);
  EXPECT_EQ(counts.in_last(60, last), 55U);
}

TEST(BucketCounts, APlaceIsTakenByALaterBucketAndNotGivenBack) {
  BucketCounts counts{width_bits};
  counts.add(start);
  const TimePoint later = start + BucketCounts::ring * width;
  counts.add(later);
  counts.add(start);
  EXPECT_EQ(counts.in(counts.bucket_of(start)), 0U);
  EXPECT_EQ(counts.in(counts.bucket_of(later)), 1U);
}

TEST(BucketCounts, WorkFromTheBeginningOfTimeToItsEndWhateverTheWidth) {
  for (const int bits : {8, 24, 36, 56}) {
    for (const TimePoint now : {TimePoint::min(), TimePoint{}, TimePoint::max()}) {
      BucketCounts counts{bits};
      counts.add(now);
      counts.add(now);
      const std::uint64_t bucket = counts.bucket_of(now);
      EXPECT_GE(bucket, 1U);
      EXPECT_EQ(counts.in_last(30, bucket), 2U) << bits;
    }
  }
}

TEST(BucketCounts, StopAtTheMostThatAPlaceCanHold) {
  BucketCounts counts{8};
  for (int i = 0; i < 1'000; ++i) counts.add(start);
  EXPECT_EQ(counts.in(counts.bucket_of(start)), 127U);
}

TEST(BucketCounts, LoseNothingThoughThereAreMoreThreadsThanSlots) {
  constexpr std::uint64_t threads = max_thread_slots + 8, adds = 2'000;
  BucketCounts counts{width_bits};
  std::latch all_there{threads};
  {
    std::vector<std::jthread> running;
    for (std::uint64_t t = 0; t < threads; ++t) {
      running.emplace_back([&] {
        counts.add(start);
        all_there.arrive_and_wait();
        for (std::uint64_t i = 1; i < adds; ++i) counts.add(start + static_cast<int>(i % 4) * width);
      });
    }
  }
  EXPECT_EQ(counts.in_last(4, counts.bucket_of(start + 3 * width)), threads * adds);
}

}  // namespace
}  // namespace switchgear
