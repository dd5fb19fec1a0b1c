#include "switchgear/striped/parked_slots.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace switchgear {
namespace {

constexpr std::uint32_t plenty = 1'000'000;

/// How many slots `parked` takes from this thread.
std::uint32_t park_all(ParkedSlots& parked) {
  std::uint32_t count = 0;
  while (count < plenty && parked.park()) ++count;
  return count;
}

TEST(ParkedSlots, GivesAThreadBackWhatItParked) {
  ParkedSlots parked{plenty};
  EXPECT_FALSE(parked.take());
  ASSERT_TRUE(parked.park());
  EXPECT_EQ(parked.sum(), 1U);
  EXPECT_TRUE(parked.take());
  EXPECT_FALSE(parked.take());
  EXPECT_EQ(parked.sum(), 0U);
}

TEST(ParkedSlots, ShowsAThreadNothingOfWhatAnotherParked) {
  ParkedSlots parked{plenty};
  ASSERT_TRUE(parked.park());
  std::thread([&] { EXPECT_FALSE(parked.take()); }).join();
  EXPECT_TRUE(parked.take());
}

TEST(ParkedSlots, ParksAFewOfEachThread) {
  ParkedSlots parked{plenty};
  EXPECT_EQ(park_all(parked), 8U);
}

TEST(ParkedSlots, ParksNoMoreThanHalfOfThePoolWithAllThreadsTogether) {
  const std::uint32_t cores = std::thread::hardware_concurrency() + 2;
  for (const std::uint32_t slots : {2 * cores, 5 * cores, 20 * cores}) {
    ParkedSlots parked{slots};
    // Side by side, so that every thread has a cell of its own as long as there are cells.
    std::atomic<std::uint32_t> arrived{0};
    std::atomic<std::uint32_t> total{0};
    std::vector<std::thread> threads;
    for (std::uint32_t i = 0; i < cores; ++i) {
      threads.emplace_back([&] {
        total += park_all(parked);
        for (++arrived; arrived < cores;) std::this_thread::yield();
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_GT(total, 0U);
    EXPECT_LE(total, slots / 2) << slots << " slots, " << cores << " threads";
    EXPECT_EQ(parked.sum(), total);
  }
}

TEST(ParkedSlots, ParksNothingOfAPoolThatIsTooSmallForAllThreads) {
  ParkedSlots parked{2};
  EXPECT_FALSE(parked.useful());
  EXPECT_FALSE(parked.park());
  EXPECT_EQ(parked.close(), 0U);
}

TEST(ParkedSlots, HandsEverythingToWhoClosesItAndParksNothingUntilItIsOpenAgain) {
  ParkedSlots parked{plenty};
  const std::uint32_t mine = park_all(parked);
  std::uint32_t others = 0;
  std::thread([&] { others = park_all(parked); }).join();

  EXPECT_EQ(parked.close(), mine + others);
  EXPECT_FALSE(parked.take());
  EXPECT_FALSE(parked.park());
  EXPECT_EQ(parked.close(), 0U);

  parked.open();
  EXPECT_TRUE(parked.park());
}

/// Slots that go round between threads and a closer: what park() keeps and what close() gets adds up.
TEST(ParkedSlots, LosesAndDoublesNoneWhenItIsClosedWhileThreadsPark) {
  constexpr int parkers = 4;
  constexpr int rounds = 20'000;
  ParkedSlots parked{plenty};
  std::atomic<int> done{0};
  std::atomic<std::int64_t> parked_in_all{0}, taken_back{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < parkers; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < rounds; ++round) {
        if (parked.park()) ++parked_in_all;
        if (round % 3 == 0 && parked.take()) ++taken_back;
      }
      ++done;
    });
  }
  std::int64_t closed_in_all = 0;
  while (done < parkers) {
    closed_in_all += parked.close();
    parked.open();
    std::this_thread::yield();
  }
  for (std::thread& thread : threads) thread.join();
  closed_in_all += parked.close();
  EXPECT_GT(closed_in_all, 0);
  EXPECT_EQ(parked_in_all, taken_back + closed_in_all);
}

}  // namespace
}  // namespace switchgear
