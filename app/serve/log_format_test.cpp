#include "app/serve/log_format.hpp"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <memory>
#include <regex>
#include <sstream>
#include <string>

namespace switchgear::serve {
namespace {

class LogFormatTest : public testing::Test {
 protected:
  /// The one line that a message makes.
  std::string line(LogFormat format, const std::string& message) {
    out_.str({});
    set_format(log, format);
    log.warn("{}", message);
    return out_.str();
  }

 private:
  std::ostringstream out_;

 protected:
  spdlog::logger log{"test", std::make_shared<spdlog::sinks::ostream_sink_mt>(out_)};
};

const std::string hostile = "a \"quoted\" \\ name\n2026-01-01 info forged\x1b[2J \xff\xc2\x9b";

TEST_F(LogFormatTest, IsTimeLevelAndText) {
  const std::regex shape{
      R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d warning service 'shop': 502\n)"};
  EXPECT_TRUE(std::regex_match(line(LogFormat::text, "service 'shop': 502"), shape));
}

TEST_F(LogFormatTest, KeepsAMessageOnItsLine) {
  const std::string text = line(LogFormat::text, hostile);
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST_F(LogFormatTest, IsValidJsonForAnyBytes) {
  const std::string text = line(LogFormat::json, hostile);
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  const boost::json::object object = boost::json::parse(text).as_object();
  EXPECT_EQ(object.size(), 3U);
  EXPECT_EQ(object.at("level").as_string(), "warning");
  EXPECT_TRUE(object.at("message").as_string().starts_with("a \"quoted\" \\ name\n2026"));
  EXPECT_TRUE(std::regex_match(std::string{object.at("time").as_string()},
                               std::regex{R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d)"}));
}

}  // namespace
}  // namespace switchgear::serve
