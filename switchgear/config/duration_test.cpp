#include "switchgear/config/duration.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>
#include <utility>
#include <vector>

namespace switchgear::config {
namespace {

TEST(Duration, ReadsANumberAndAUnit) {
  const std::vector<std::pair<std::string, std::int64_t>> cases{
      {"0s", 0},
      {"1ns", 1},
      {"7us", 7'000},
      {"7µs", 7'000},
      {"250ms", 250'000'000},
      {"5s", 5'000'000'000},
      {"1.5s", 1'500'000'000},
      {"0.000000001s", 1},
      {"1.000000000000000000s", 1'000'000'000},
      {"2m", 120'000'000'000},
      {"0.5m", 30'000'000'000},
      {"24h", 86'400'000'000'000},
      {"0.25h", 900'000'000'000},
      {"9223372036854775807ns", 9'223'372'036'854'775'807},
      {"2562047h", 2562047LL * 3'600'000'000'000LL},
  };
  for (const auto& [text, nanoseconds] : cases) {
    const ParsedDuration parsed = parse_duration(text);
    ASSERT_TRUE(parsed.value.has_value()) << parsed.problem;
    EXPECT_EQ(parsed.value->count(), nanoseconds) << text;
  }
}

TEST(Duration, SaysWhatIsWrongAndWhatToWrite) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"5", "\"5\" has no unit; write \"5s\""},
      {"1.5", "\"1.5\" has no unit; write \"1.5s\""},
      {"5 s", "\"5 s\" has a space in it; write \"5s\""},
      {"5 seconds", "\"5 seconds\" has a space in it; write \"5s\""},
      {"5sec", "\"5sec\" has no known unit; write \"5s\""},
      {"5min", "\"5min\" has no known unit; write \"5m\""},
      {"5S", "\"5S\" has no known unit; write \"5s\""},
      {"5d", "\"5d\" has no known unit; expected a number and ns, us, ms, s, m or h, as in \"250ms\""},
      {"1h30m", "\"1h30m\" has no known unit; expected a number and ns, us, ms, s, m or h, as in \"250ms\""},
      {"-5s", "\"-5s\" is negative; expected 0s or longer"},
      {"", "\"\" is not a duration; expected a number and ns, us, ms, s, m or h, as in \"250ms\""},
      {"s", "\"s\" is not a duration; expected a number and ns, us, ms, s, m or h, as in \"250ms\""},
      {".5s", "\".5s\" is not a duration; expected a number and ns, us, ms, s, m or h, as in \"250ms\""},
      {"5.s", "\"5.s\" is not a duration; expected a number and ns, us, ms, s, m or h, as in \"250ms\""},
      {"1.5ns", "\"1.5ns\" is finer than a nanosecond; expected whole nanoseconds"},
      {"0.00000000000000000001h",
       "\"0.00000000000000000001h\" is finer than a nanosecond; expected whole nanoseconds"},
      {"9223372036854775808ns",
       "\"9223372036854775808ns\" is too long; expected at most 292 years (2562047h)"},
      {"2562048h", "\"2562048h\" is too long; expected at most 292 years (2562047h)"},
      {"99999999999999999999999999s",
       "\"99999999999999999999999999s\" is too long; expected at most 292 years (2562047h)"},
      {"5 ", "\"5 \" has no known unit; expected a number and ns, us, ms, s, m or h, as in \"250ms\""},
  };
  for (const auto& [text, problem] : cases) {
    const ParsedDuration parsed = parse_duration(text);
    EXPECT_FALSE(parsed.value.has_value()) << text;
    EXPECT_EQ(parsed.problem, problem);
  }
}

TEST(Duration, WhatIsWrittenReadsBackAsTheSame) {
  EXPECT_EQ(format_duration(std::chrono::seconds{90}), "90s");
  EXPECT_EQ(format_duration(std::chrono::seconds{120}), "2m");
  EXPECT_EQ(format_duration(std::chrono::microseconds{1'500}), "1500us");
  EXPECT_TRUE(rc::check("parse(format(d)) == d", [] {
    const Duration length{*rc::gen::inRange<std::int64_t>(0, std::numeric_limits<std::int64_t>::max())};
    RC_ASSERT(parse_duration(format_duration(length)).value == length);
  }));
}

TEST(Duration, NoTextMakesItThrow) {
  EXPECT_TRUE(rc::check("a value or a problem, never both", [](const std::string& text) {
    const ParsedDuration parsed = parse_duration(text);
    RC_ASSERT(parsed.value.has_value() == parsed.problem.empty());
  }));
}

}  // namespace
}  // namespace switchgear::config
