#include "app/history/instant.hpp"

#include <gtest/gtest.h>

#include "app/history/manual_history_fixture.hpp"

namespace switchgear::history {
namespace {

using namespace std::chrono_literals;

TEST(Instant, IsReadFromADateOrCountedBackFromNow) {
  const auto of = [](const char* text) { return parse_instant(text, noon); };
  EXPECT_EQ(of("2026-03-01T12:00:00Z"), noon);
  EXPECT_EQ(of("2026-03-01T12:00:00.25Z"), noon + 250ms);
  EXPECT_EQ(of("2026-03-01T14:30:00+02:30"), noon);
  EXPECT_EQ(of("2026-03-01T04:00:00-08:00"), noon);
  EXPECT_EQ(of("now"), noon);
  EXPECT_EQ(of("-1h"), noon - 1h);
  EXPECT_EQ(of("-90s"), noon - 90s);
}

TEST(Instant, IsNotReadFromAnythingElse) {
  for (const char* text : {"",
                           "1h",
                           "+1h",
                           "-1",
                           "-1d",
                           "--1h",
                           "-",
                           "yesterday",
                           "2026-03-01",
                           "2026-02-29T12:00:00Z",
                           "2026-13-01T12:00:00Z",
                           "2026-03-01T24:00:00Z",
                           "2026-03-01T12:60:00Z",
                           "2026-03-01T12:00:60Z",
                           "2026-03-01 12:00:00Z",
                           "2026-03-01T12:00:00",
                           "2026-03-01T12:00:00.Z",
                           "2026-03-01T12:00:00.1234567890Z",
                           "2026-03-01T12:00:00Zx",
                           "-026-03-01T12:00:00Z",
                           "2026-03-01T-1:00:00Z",
                           "1969-12-31T00:00:00Z",
                           "9999-01-01T00:00:00Z",
                           "-2562047h",
                           "2026-03-01T12:00:00+2:00"})
    EXPECT_EQ(parse_instant(text, noon), std::nullopt) << text;
}

}  // namespace
}  // namespace switchgear::history
