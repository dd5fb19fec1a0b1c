#include "switchgear/a2a/sse_reader.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace switchgear::a2a {
namespace {

std::vector<std::string> all_of(SseReader& reader) {
  std::vector<std::string> events;
  while (auto data = reader.next()) events.push_back(*std::move(data));
  return events;
}

TEST(SseReader, GivesTheSameEventsHoweverTheBytesAreCut) {
  const std::string bytes =
      "\xEF\xBB\xBF: a comment\r\ndata: one\r\n\r\nevent: error\ndata:two\ndata: lines\nid: "
      "7\n\n\ndata\r\rdata: {}\n\n";
  const std::vector<std::string> expected{"one", "two\nlines", "", "{}"};
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    SseReader reader(100);
    std::vector<std::string> events;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      reader.add(std::string_view(bytes).substr(at, piece));
      for (std::string& event : all_of(reader)) events.push_back(std::move(event));
    }
    EXPECT_EQ(events, expected) << "in pieces of " << piece;
  }
}

TEST(SseReader, KeepsAnUnfinishedEventToItself) {
  SseReader reader(100);
  reader.add("data: half an ev");
  EXPECT_FALSE(reader.next());
  reader.add("ent\n");
  EXPECT_FALSE(reader.next()) << "the empty line has not come";
  reader.add("\n");
  EXPECT_EQ(reader.next(), "half an event");
}

TEST(SseReader, StopsAtAnEventThatIsTooLarge) {
  for (const std::string_view bytes :
       {std::string_view("data: 12345678901\n\n"), std::string_view("data: 123456\ndata: 123456\n\n"),
        std::string_view("no end of this line in sight")}) {
    SseReader reader(10);
    reader.add(bytes);
    EXPECT_FALSE(reader.next());
    EXPECT_TRUE(reader.too_large()) << bytes;
    reader.add("\n\ndata: 1\n\n");
    EXPECT_FALSE(reader.next()) << "nothing comes after it";
  }
}

}  // namespace
}  // namespace switchgear::a2a
