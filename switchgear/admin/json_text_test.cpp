#include "switchgear/admin/json_text.hpp"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>

namespace switchgear::admin {
namespace {

namespace json = boost::json;

TEST(JsonText, PrintsNumbersAsPeopleWriteThem) {
  EXPECT_EQ(json_text(0.5), "0.5");
  EXPECT_EQ(json_text(30.0), "30");
  EXPECT_EQ(json_text(std::uint64_t{18446744073709551615U}), "18446744073709551615");
  EXPECT_EQ(json_text(-7), "-7");
}

TEST(JsonText, PrintsEveryDoubleSoThatItReadsBackTheSame) {
  constexpr unsigned seed = 20260301;
  std::mt19937_64 random{seed};
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t bits = random();
    double number = 0;
    static_assert(sizeof number == sizeof bits);
    std::memcpy(&number, &bits, sizeof number);
    if (!std::isfinite(number)) continue;
    const std::string text = json_text(number);
    double back = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), back);
    ASSERT_EQ(read.ptr, text.data() + text.size()) << text;
    ASSERT_EQ(back, number) << text << ", seed " << seed;
  }
}

TEST(JsonText, MakesNullOfWhatJsonCannotSay) {
  EXPECT_EQ(json_text(std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(json_text(std::numeric_limits<double>::quiet_NaN()), "null");
}

TEST(JsonText, EscapesNamesSoThatAnEventStaysOnOneLine) {
  const json::object object{{"na\"me\n", "a\r\nb\t<img>"}};
  const std::string text = json_text(object);
  EXPECT_EQ(text.find_first_of("\r\n"), std::string::npos) << text;
  EXPECT_EQ(json::parse(text), json::value(object));
}

TEST(JsonText, ReplacesBytesThatAreNotUtf8SoThatEveryReaderCanParseIt) {
  EXPECT_EQ(json_text(json::object{{"caf\xC3", "\xFF\xFE/\xED\xA0\x80"}}),
            "{\"caf\uFFFD\":\"\uFFFD\uFFFD/\uFFFD\uFFFD\uFFFD\"}");
  EXPECT_EQ(json_text("caf\u00E9 \u20AC \U0001F600"), "\"caf\u00E9 \u20AC \U0001F600\"");
}

TEST(JsonText, NestsAsBoostDoes) {
  const json::value value = json::parse(R"({"a":[],"b":{},"c":[1,[true,null],{"d":"e"}]})");
  EXPECT_EQ(json_text(value), R"({"a":[],"b":{},"c":[1,[true,null],{"d":"e"}]})");
}

}  // namespace
}  // namespace switchgear::admin
