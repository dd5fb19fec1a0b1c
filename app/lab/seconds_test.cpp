#include "app/lab/seconds.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace switchgear::lab {
namespace {

TEST(Seconds, AreReadToTheNanosecond) {
  const struct {
    const char* text;
    std::int64_t nanoseconds;
  } cases[] = {{"0", 0},
               {"-0", 0},
               {"1.25", 1'250'000'000},
               {"0.1", 100'000'000},
               {"4.5e0", 4'500'000'000},
               {"1e-9", 1},
               {"0.0000000004", 0},
               {"0.0000000006", 1},
               {"1700000000.123456789", 1'700'000'000'123'456'789},
               {"9223372036", 9'223'372'036'000'000'000}};
  for (const auto& [text, nanoseconds] : cases) {
    const auto read = parse_seconds(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(read->count(), nanoseconds) << text;
  }
}

TEST(Seconds, RefusesWhatIsNegativeOrDoesNotFit) {
  for (const char* text : {"-1", "-1e-9", "9223372037", "1e300", "1e5000", "1700000000000"}) {
    EXPECT_FALSE(parse_seconds(text)) << text;
  }
}

TEST(Seconds, AreWrittenAsTheShortestExactDecimal) {
  EXPECT_EQ(format_seconds(Duration{0}), "0");
  EXPECT_EQ(format_seconds(Duration{1'250'000'000}), "1.25");
  EXPECT_EQ(format_seconds(Duration{4'500'000'000}), "4.5");
  EXPECT_EQ(format_seconds(Duration{1}), "0.000000001");
  EXPECT_EQ(format_seconds(Duration{10'000'000'000}), "10");
  EXPECT_EQ(format_seconds(Duration{-1'500'000'000}), "-1.5");
  EXPECT_EQ(format_seconds(Duration::max()), "9223372036.854775807");
  EXPECT_EQ(format_seconds(Duration::min()), "-9223372036.854775808");
}

TEST(Seconds, NumbersAreWrittenAsTheShortestThatReadsBack) {
  EXPECT_EQ(format_number(0.5), "0.5");
  EXPECT_EQ(format_number(4.5), "4.5");
  EXPECT_EQ(format_number(0), "0");
  EXPECT_EQ(format_number(1.0 / 3), "0.3333333333333333");
  EXPECT_EQ(format_number(0.1 + 0.2), "0.30000000000000004");
}

TEST(Seconds, APlainDecimalReadsAsAnyOtherWayToWriteIt) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string text = std::to_string(random() % (random() % 2 == 0 ? 100 : 9'999'999'999));
    if (const auto digits = random() % 12; digits > 0) {
      text += '.';
      for (std::uint64_t digit = 0; digit < digits; ++digit) text += static_cast<char>('0' + random() % 10);
    }
    ASSERT_EQ(parse_seconds(text), parse_seconds(text + "e0")) << text;
  }
}

}  // namespace
}  // namespace switchgear::lab
