#include "app/shell/checks.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace switchgear::shell {
namespace {

std::string parse_with(const CLI::Validator& check, std::uint64_t& value, const std::string& text) {
  CLI::App app;
  app.add_option("--number", value)->check(check);
  try {
    app.parse("--number=" + text);
    return {};
  } catch (const CLI::ParseError& error) {
    return error.what();
  }
}

std::string parse_with(const CLI::Validator& check, double& value, const std::string& text) {
  CLI::App app;
  app.add_option("--number", value)->check(check);
  try {
    app.parse("--number=" + text);
    return {};
  } catch (const CLI::ParseError& error) {
    return error.what();
  }
}

TEST(Checks, TakesEveryWholeNumberOfSixtyFourBits) {
  std::uint64_t value = 1;
  EXPECT_EQ(parse_with(whole_number(), value, "0"), "");
  EXPECT_EQ(value, 0U);
  EXPECT_EQ(parse_with(whole_number(), value, "18446744073709551615"), "");
  EXPECT_EQ(value, UINT64_MAX);
}

TEST(Checks, SaysWhatIsNotAWholeNumber) {
  for (const char* wrong :
       {"-1", "18446744073709551616", "1e3", "1.5", "0x10", "nan", "inf", "+1", "1_000", "12a"}) {
    std::uint64_t value = 7;
    EXPECT_EQ(
        parse_with(whole_number(), value, wrong),
        "--number: \"" + std::string{wrong} + "\" is not a whole number from 0 to 18446744073709551615");
    EXPECT_EQ(value, 7U);
  }
  std::uint64_t port = 0;
  EXPECT_EQ(parse_with(whole_number(1, 65535), port, "65536"),
            "--number: \"65536\" is not a whole number from 1 to 65535");
}

TEST(Checks, TakesFiniteNumbersOfTheRangeAlone) {
  double value = -1;
  EXPECT_EQ(parse_with(number(0, 1), value, "0.25"), "");
  EXPECT_EQ(value, 0.25);
  EXPECT_EQ(parse_with(number(1e-6, 1e9), value, "1e-6"), "");
  for (const char* wrong :
       {"nan", "-nan", "inf", "-inf", "infinity", "1e999", "-0.1", "1.1", "0x1p-1", "half"}) {
    EXPECT_EQ(parse_with(number(0, 1), value, wrong),
              "--number: \"" + std::string{wrong} + "\" is not a number from 0 to 1");
  }
}

}  // namespace
}  // namespace switchgear::shell
