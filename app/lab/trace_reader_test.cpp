#include "app/lab/trace_reader.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace switchgear::lab {
namespace {

/// The line numbers of all entries, or the error.
std::string read_all(const std::string& text) {
  std::istringstream input(text);
  TraceReader reader(input, "calls.jsonl");
  std::string lines;
  try {
    while (const auto entry = reader.next()) lines += std::to_string(entry->line) + " ";
  } catch (const TraceError& error) {
    return error.what();
  }
  return lines;
}

const std::string reset_at_1 = R"({"at":1,"op":"reset"})";

TEST(TraceReader, CountsLinesAndSkipsBlankOnes) {
  EXPECT_EQ(read_all(reset_at_1 + "\n\n \t\r\n" + reset_at_1 + "\r\n"), "1 4 ");
  EXPECT_EQ(read_all(""), "");
  EXPECT_EQ(read_all("\n\n"), "");
}

TEST(TraceReader, ReadsALastLineWithoutItsEnd) {
  EXPECT_EQ(read_all(reset_at_1 + "\n" + reset_at_1), "1 2 ");
}

TEST(TraceReader, NamesFileAndLineOfWhatIsMalformed) {
  EXPECT_EQ(read_all(reset_at_1 + "\n\n{\"at\":2}\n"), "calls.jsonl:3: a whole call needs \"latency\"");
}

TEST(TraceReader, RefusesTimeThatRunsBackwards) {
  EXPECT_EQ(read_all(reset_at_1 + "\n" + reset_at_1 + "\n{\"at\":0.999,\"op\":\"reset\"}\n"),
            "calls.jsonl:3: \"at\" runs backwards, from 1 to 0.999");
}

TEST(TraceReader, TakesALineOfOneMebibyteAndNoByteMore) {
  const std::string longest = reset_at_1 + std::string(max_trace_line - reset_at_1.size(), ' ');
  EXPECT_EQ(read_all(longest + "\n"), "1 ");
  EXPECT_EQ(read_all("\n" + longest + " \n"), "calls.jsonl:2: the line is longer than 1 MiB");
}

TEST(TraceReader, RefusesALineWithoutAnEndAtOnce) {
  std::ifstream endless("/dev/zero", std::ios::binary);
  TraceReader reader(endless, "/dev/zero");
  try {
    (void)reader.next();
    FAIL() << "no error";
  } catch (const TraceError& error) {
    EXPECT_STREQ(error.what(), "/dev/zero:1: the line is longer than 1 MiB");
  }
}

}  // namespace
}  // namespace switchgear::lab
