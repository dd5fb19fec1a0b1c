#include "app/gateway/access/access_ring.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

namespace switchgear::gateway {
namespace {

std::string take(AccessRing& ring) {
  const auto parts = ring.pending();
  std::string all{parts[0]};
  all += parts[1];
  ring.taken(all.size());
  return all;
}

TEST(AccessRing, GivesLinesInTheirOrderAlsoRoundItsEnd) {
  AccessRing ring{16};
  EXPECT_EQ(take(ring), "");
  for (int i = 0; i < 50; ++i) {
    const std::string line = "line " + std::to_string(i) + "\n";
    ASSERT_TRUE(ring.push(line));
    EXPECT_EQ(take(ring), line);
  }
  EXPECT_EQ(ring.lost(), 0U);
}

TEST(AccessRing, CountsALineForWhichItHasNoRoomAndTakesTheNextThatFits) {
  AccessRing ring{16};
  ASSERT_TRUE(ring.push("0123456789\n"));
  EXPECT_FALSE(ring.push("0123456789\n"));
  EXPECT_TRUE(ring.push("0123\n")) << "exactly full";
  EXPECT_FALSE(ring.push("\n"));
  EXPECT_EQ(take(ring), "0123456789\n0123\n");
  EXPECT_FALSE(ring.push("longer than the whole ring\n"));
  EXPECT_EQ(ring.lost(), 3U);
  EXPECT_TRUE(ring.push("again\n"));
}

TEST(AccessRing, LosesAndDoublesNothingBetweenTwoThreadsThoughItIsSmall) {
  AccessRing ring{64};
  constexpr std::uint32_t lines = 200'000;
  std::atomic<bool> done{false};
  std::thread pushing{[&] {
    for (std::uint32_t i = 0; i < lines; ++i) (void)ring.push(std::to_string(i) + "\n");
    done = true;
  }};
  std::uint64_t seen = 0;
  std::int64_t last = -1;
  bool rising = true;
  const auto look = [&] {
    const std::string got = take(ring);
    for (std::size_t at = 0; at < got.size();) {
      const std::size_t end = got.find('\n', at);
      ASSERT_NE(end, std::string::npos) << "a part of a line";
      const std::int64_t number = std::stoll(got.substr(at, end - at));
      rising = rising && number > last;
      last = number;
      ++seen;
      at = end + 1;
    }
  };
  while (!done) look();
  pushing.join();
  look();
  EXPECT_TRUE(rising);
  EXPECT_EQ(seen + ring.lost(), lines);
}

}  // namespace
}  // namespace switchgear::gateway
