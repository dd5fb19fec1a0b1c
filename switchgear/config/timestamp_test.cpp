#include "switchgear/config/timestamp.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace switchgear::config {
namespace {

using namespace std::chrono_literals;

constexpr WallAnchor::Wall noon = std::chrono::sys_days{std::chrono::March / 1 / 2026} + 12h;

TEST(Timestamp, IsReadInUtcAndWithAnOffset) {
  EXPECT_EQ(parse_timestamp("2026-03-01T12:00:00Z"), noon);
  EXPECT_EQ(parse_timestamp("2026-03-01T12:00:00.25Z"), noon + 250ms);
  EXPECT_EQ(parse_timestamp("2026-03-01T12:00:00.000000001Z"), noon + 1ns);
  EXPECT_EQ(parse_timestamp("2026-03-01T14:30:00+02:30"), noon);
  EXPECT_EQ(parse_timestamp("2026-03-01T04:00:00-08:00"), noon);
}

TEST(Timestamp, IsNotReadFromAnythingElse) {
  for (const char* text :
       {"", "now", "2026-03-01", "2026-02-29T12:00:00Z", "2026-13-01T12:00:00Z", "2026-03-01T24:00:00Z",
        "2026-03-01T12:60:00Z", "2026-03-01T12:00:60Z", "2026-03-01 12:00:00Z", "2026-03-01T12:00:00",
        "2026-03-01T12:00:00.Z", "2026-03-01T12:00:00.1234567890Z", "2026-03-01T12:00:00Zx",
        "-026-03-01T12:00:00Z", "2026-03-01T-1:00:00Z", "1969-12-31T00:00:00Z", "9999-01-01T00:00:00Z",
        "2026-03-01T12:00:00+2:00"})
    EXPECT_EQ(parse_timestamp(text), std::nullopt) << text;
}

}  // namespace
}  // namespace switchgear::config
