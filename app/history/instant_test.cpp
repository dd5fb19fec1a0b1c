#include "app/history/instant.hpp"

#include <gtest/gtest.h>

#include "app/history/manual_history_fixture.hpp"

namespace switchgear::history {
namespace {

using namespace std::chrono_literals;

TEST(Instant, IsReadFromADateOrCountedBackFromNow) {
  const auto of = [](const char* text) { return parse_instant(text, noon); };
  EXPECT_EQ(of("2026-03-01T12:00:00Z"), noon);
  EXPECT_EQ(of("now"), noon);
  EXPECT_EQ(of("-1h"), noon - 1h);
  EXPECT_EQ(of("-90s"), noon - 90s);
}

TEST(Instant, IsNotReadFromAnythingElse) {
  for (const char* text : {"", "1h", "+1h", "-1", "-1d", "--1h", "-", "yesterday", "2026-03-01", "-2562047h"})
    EXPECT_EQ(parse_instant(text, noon), std::nullopt) << text;
}

}  // namespace
}  // namespace switchgear::history
