#include "switchgear/config/size.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>
#include <utility>
#include <vector>

namespace switchgear::config {
namespace {

TEST(Size, ReadsAWholeNumberAndAUnitOrBytes) {
  const std::vector<std::pair<std::string, std::uint64_t>> cases{{"0", 0},
                                                                 {"1000", 1'000},
                                                                 {"7B", 7},
                                                                 {"64KiB", 65'536},
                                                                 {"64MiB", 67'108'864},
                                                                 {"2GiB", 2'147'483'648},
                                                                 {"1TiB", 1'099'511'627'776},
                                                                 {"18446744073709551615", ~std::uint64_t{0}}};
  for (const auto& [text, bytes] : cases) EXPECT_EQ(parse_size(text).bytes, bytes) << text;
}

TEST(Size, SaysWhatIsWrongAndWhatToWrite) {
  const std::string wanted = "expected a whole number and B, KiB, MiB, GiB or TiB, as in \"64MiB\"";
  const std::vector<std::pair<std::string, std::string>> cases{
      {"64MB", "\"64MB\" has no known unit; write \"64MiB\""},
      {"64m", "\"64m\" has no known unit; write \"64MiB\""},
      {"64Gi", "\"64Gi\" has no known unit; write \"64GiB\""},
      {"64 MiB", "\"64 MiB\" has a space in it; write \"64MiB\""},
      {"64 kb", "\"64 kb\" has a space in it; write \"64KiB\""},
      {"64 ", "\"64 \" has no known unit; " + wanted},
      {"64s", "\"64s\" has no known unit; " + wanted},
      {"1.5GiB", "\"1.5GiB\" has no known unit; " + wanted},
      {"large", "\"large\" is not a size; " + wanted},
      {"", "\"\" is not a size; " + wanted},
      {"-1", "\"-1\" is negative; " + wanted},
      {"16777216TiB", "\"16777216TiB\" is too large; expected at most 16777215TiB"},
      {"99999999999999999999", "\"99999999999999999999\" is too large; expected at most 16777215TiB"}};
  for (const auto& [text, problem] : cases) {
    EXPECT_FALSE(parse_size(text).bytes) << text;
    EXPECT_EQ(parse_size(text).problem, problem);
  }
}

TEST(Size, IsWrittenAsItIsRead) {
  EXPECT_EQ(format_size(65'536), "64KiB");
  EXPECT_EQ(format_size(1'000), "1000B");
  EXPECT_TRUE(rc::check("every size parses back",
                        [](std::uint64_t bytes) { return parse_size(format_size(bytes)).bytes == bytes; }));
}

}  // namespace
}  // namespace switchgear::config
