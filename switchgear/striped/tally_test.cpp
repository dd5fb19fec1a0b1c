#include "switchgear/striped/tally.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <latch>
#include <thread>
#include <vector>

namespace switchgear {
namespace {

TEST(Tally, LosesNothingThoughThreadsEndAndOthersTakeTheirSlots) {
  // More threads at once than there are slots, and each generation in the slots of the one before.
  constexpr std::uint64_t generations = 5;
  constexpr std::uint64_t threads = max_thread_slots + 8;
  constexpr std::uint64_t adds = 200;
  Tally<2> tally;
  for (std::uint64_t generation = 0; generation < generations; ++generation) {
    std::latch all_there{threads};
    std::vector<std::jthread> running;
    for (std::uint64_t t = 0; t < threads; ++t) {
      running.emplace_back([&] {
        tally.add(0);
        all_there.arrive_and_wait();
        for (std::uint64_t i = 1; i < adds; ++i) {
          tally.add(0);
          if (i % 2 == 0) tally.add(1);
        }
      });
    }
  }
  EXPECT_EQ(tally.sum(0), generations * threads * adds);
  EXPECT_EQ(tally.sum(1), generations * threads * (adds / 2 - 1));
}

TEST(Tally, NeverGoesBackForWhoeverReadsIt) {
  Tally<1> tally;
  std::jthread writer{[&](const std::stop_token& stop) {
    while (!stop.stop_requested()) tally.add(0);
  }};
  std::uint64_t last = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t seen = tally.sum(0);
    ASSERT_GE(seen, last);
    last = seen;
  }
}

}  // namespace
}  // namespace switchgear
