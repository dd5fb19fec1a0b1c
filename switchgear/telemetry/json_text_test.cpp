#include "switchgear/telemetry/json_text.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <limits>
#include <string>

namespace switchgear::telemetry {
namespace {

TEST(JsonText, SetsCommasWhereTheyBelong) {
  JsonText json;
  json.open('{').key("a").open('[').number(1).number(-2).open('{').close('}').close(']');
  json.key("b").truth(true).key("c").plain("x").key("d").decimal(std::uint64_t{7}).close('}');
  EXPECT_EQ(json.take(), R"({"a":[1,-2,{}],"b":true,"c":"x","d":"7"})");
}

TEST(JsonText, EscapesWhatMustBeAndReplacesWhatIsNotUtf8) {
  JsonText json;
  json.open('[').text("a\"b\\c\n\x1f\x7f").text("\xc3\xa4").text("x\xff").text("").close(']');
  EXPECT_EQ(json.take(), "[\"a\\\"b\\\\c\\u000a\\u001f\x7f\",\"\xc3\xa4\",\"x\xef\xbf\xbd\",\"\"]");
}

TEST(JsonText, WritesNumbersThatJsonDoesNotHaveAsProtobufDoes) {
  JsonText json;
  json.open('[').number(std::numeric_limits<double>::infinity());
  json.number(-std::numeric_limits<double>::infinity()).number(std::numeric_limits<double>::quiet_NaN());
  json.number(2.5).number(1e22).number(0.1).close(']');
  EXPECT_EQ(json.take(), R"(["Infinity","-Infinity","NaN",2.5,1e+22,0.1])");
}

RC_GTEST_PROP(JsonText, IsReadAsWhatWasWritten, (const std::string& bytes, std::int64_t whole)) {
  std::string ascii = bytes;
  for (char& c : ascii) c = static_cast<char>(c & 0x7f);
  JsonText json;
  json.open('{').key("t").text(ascii).key("n").number(whole).close('}');
  const boost::json::value read = boost::json::parse(json.take());
  RC_ASSERT(read.at("t").as_string() == boost::json::string_view{ascii});
  RC_ASSERT(read.at("n").to_number<std::int64_t>() == whole);
  JsonText any;
  any.text(bytes);
  RC_ASSERT(boost::json::parse(any.take()).is_string());
}

}  // namespace
}  // namespace switchgear::telemetry
