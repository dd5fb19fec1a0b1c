#include "switchgear/redis/fleet_queue.hpp"

#include <gtest/gtest.h>

namespace switchgear::redis {
namespace {

TEST(FleetQueue, ServesInOrderWhatHasChangedFirstAndEachOnce) {
  FleetQueue queue;
  for (const char* circuit : {"a", "b", "c", "a"}) queue.add(circuit, FleetDue::hears);
  queue.add_first("c", FleetDue::says);
  queue.add_first("c", FleetDue::says);
  const auto first = queue.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->circuit, "c");
  EXPECT_EQ(first->due, FleetDue::hears) << "what was due before is not forgotten";
  EXPECT_EQ(queue.next()->circuit, "a");
  EXPECT_FALSE(queue.empty());
  EXPECT_EQ(queue.next()->circuit, "b");
  EXPECT_TRUE(queue.empty());
  EXPECT_FALSE(queue.next()) << "c has been served";
}

TEST(FleetQueue, DoesNotGrowWithWhatIsSaidAgainAndAgain) {
  FleetQueue queue;
  for (int i = 0; i < 1000; ++i) {
    queue.add("a", FleetDue::hears);
    queue.add_first("a", FleetDue::says);
    queue.add_first("b", FleetDue::says);
  }
  int served = 0;
  while (queue.next()) ++served;
  EXPECT_EQ(served, 2);
}

}  // namespace
}  // namespace switchgear::redis
