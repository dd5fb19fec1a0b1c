#include "app/control/server_events.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace switchgear::control {
namespace {

std::vector<std::string> read(const std::vector<std::string>& pieces) {
  ServerEvents events;
  std::vector<std::string> seen;
  for (const std::string& piece : pieces) {
    EXPECT_TRUE(events.add(piece));
    while (auto event = events.take()) seen.push_back(event->type + "|" + event->data);
  }
  return seen;
}

using Seen = std::vector<std::string>;

TEST(ServerEvents, ReadsEventsAndPassesOverCommentsIdsAndRetries) {
  EXPECT_EQ(
      read({"retry: 1000\nid: 1\nevent: snapshot\ndata: {}\n\n: quiet\n\nid: 2\nevent: delta\ndata:[]\n\n"}),
      (Seen{"snapshot|{}", "delta|[]"}));
}

TEST(ServerEvents, ReadsTheSameWhereverTheBytesAreCut) {
  const std::string stream = "event: a\r\ndata: 1\r\ndata: 2\r\n\r\nevent: b\rdata: 3\r\rdata: 4\n\n";
  const Seen whole = read({stream});
  EXPECT_EQ(whole, (Seen{"a|1\n2", "b|3", "message|4"}));
  for (std::size_t first = 0; first <= stream.size(); ++first) {
    for (std::size_t second = first; second <= stream.size(); ++second) {
      EXPECT_EQ(read({stream.substr(0, first), stream.substr(first, second - first), stream.substr(second)}),
                whole)
          << first << " " << second;
    }
  }
}

TEST(ServerEvents, TellsNothingForAnEventWithoutDataOrWithoutItsEnd) {
  EXPECT_EQ(read({"event: a\n\nevent: b\ndata: 1\n"}), Seen{});
}

TEST(ServerEvents, DoesNotGiveAnEventTheTypeOfTheOneBefore) {
  EXPECT_EQ(read({"event: a\n\ndata: 1\n\n"}), Seen{"message|1"});
}

}  // namespace
}  // namespace switchgear::control
