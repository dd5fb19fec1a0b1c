// Values of protocol buffers, in each of their spellings.
#include "app/interop/values.hpp"

#include <gtest/gtest.h>

#include <string>

#include "switchgear/config/document.hpp"

namespace switchgear::interop {
namespace {

using namespace std::chrono_literals;

template <class Reader>
auto read(const Reader& reader, const std::string& text) {
  config::Report report{"f"};
  const auto roots = config::parse_documents("- " + text + "\n", {}, report);
  auto got = reader(Value{&roots.at(0).items.at(0), {}, "", &report});
  EXPECT_EQ(got.has_value(), report.errors() == 0) << text;
  return got;
}

TEST(Values, LengthsAreReadInBothGrammarsAndAsMessages) {
  EXPECT_EQ(read(read_length, "30s"), 30s);
  EXPECT_EQ(read(read_length, "0.5s"), 500ms);
  EXPECT_EQ(read(read_length, "1.000000001s"), 1s + 1ns);
  EXPECT_EQ(read(read_length, "1h30m"), 90min);
  EXPECT_EQ(read(read_length, "0s"), 0s);
  EXPECT_EQ(read(read_length, "{seconds: 2, nanos: 500000000}"), 2500ms);
  EXPECT_EQ(read(read_length, "{seconds: \"7\"}"), 7s);
  for (const std::string wrong :
       {"30", "-1s", "s", "\"\"", "1d", "{}", "{seconds: -1}", "{minutes: 1}", "[1s]", "1s 2s",
        "99999999999h", "{seconds: 1e300}", "{seconds: 1, nanos: 1000000000}"})
    EXPECT_EQ(read(read_length, wrong), std::nullopt) << wrong;
}

TEST(Values, PercentagesAreReadAsNumbersAndFractions) {
  EXPECT_EQ(read(read_percent, "10"), 0.1);
  EXPECT_EQ(read(read_percent, "{value: 7}"), 0.07);
  EXPECT_EQ(read(read_percent, "{numerator: 5, denominator: TEN_THOUSAND}"), 0.0005);
  EXPECT_EQ(read(read_percent, "{numerator: 30}"), 0.3);
  EXPECT_EQ(read(read_percent, "{default_value: {numerator: 1, denominator: MILLION}}"), 1e-6);
  for (const std::string wrong : {"101", "-1", "ten", "{value: }", "nan", "{numerator: 1e9}"})
    EXPECT_EQ(read(read_percent, wrong), std::nullopt) << wrong;
}

TEST(Values, CountsAreReadAsTheirJsonHasThem) {
  EXPECT_EQ(read(read_count, "5"), 5U);
  EXPECT_EQ(read(read_count, "\"5\""), 5U);
  EXPECT_EQ(read(read_count, "5.0"), 5U);
  EXPECT_EQ(read(read_count, "{value: 5}"), 5U);
  EXPECT_EQ(read(read_count, "4294967295"), 4294967295U);
  for (const std::string wrong : {"5.5", "-1", "4294967296", "five", "[5]"})
    EXPECT_EQ(read(read_count, wrong), std::nullopt) << wrong;
}

TEST(Values, LengthsAreWrittenAsBothMeshesReadThem) {
  EXPECT_EQ(seconds_text(30s), "30s");
  EXPECT_EQ(seconds_text(25ms), "0.025s");
  EXPECT_EQ(seconds_text(1s + 1ns), "1.000000001s");
  EXPECT_EQ(seconds_text(0s), "0s");
}

TEST(Values, PercentagesOfSharesHaveNoNoise) {
  for (int i = 0; i <= 1000; ++i) {
    const double share = i / 1000.0;
    EXPECT_EQ(percent_of(share), i / 10.0);
    EXPECT_EQ(share_of(percent_of(share)), share);
  }
}

}  // namespace
}  // namespace switchgear::interop
