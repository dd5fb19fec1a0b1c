#include "app/lab/input.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "app/lab/record_command.hpp"

namespace switchgear::lab {
namespace {

class CompressedInput : public testing::Test {
 protected:
  ~CompressedInput() override { std::remove(path_.c_str()); }

  /// Adds a member, as `gzip -c … >> FILE` does.
  void add(const std::string& text) {
    ::gzFile file = ::gzopen(path_.c_str(), "ab");
    ::gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
    ::gzclose(file);
  }
  void keep_bytes(std::size_t count) { std::filesystem::resize_file(path_, count); }

  /// The lines, and how it ended.
  std::string read() {
    std::ostringstream err;
    const auto input = open_input(path_, err);
    if (input == nullptr) return err.str();
    std::string all, text;
    try {
      while (read_line(*input, text, 1'000'000) == LineRead::line) all += text + "|";
    } catch (const InputError& error) {
      return all + error.what();
    }
    return all;
  }

  const std::string path_ =
      testing::TempDir() + testing::UnitTest::GetInstance()->current_test_info()->name() + ".gz";
};

TEST_F(CompressedInput, IsReadAsWhatItHolds) {
  add("one\ntwo\n");
  add("three\n");
  EXPECT_EQ(read(), "one|two|three|");
}

TEST_F(CompressedInput, IsReadInPiecesOfAnySize) {
  std::string long_text, expected;
  for (int i = 0; i < 40'000; ++i) {
    long_text += std::to_string(i * 7919) + "\n";
    expected += std::to_string(i * 7919) + "|";
  }
  add(long_text);
  EXPECT_EQ(read(), expected);
}

TEST_F(CompressedInput, SaysThatItIsCutOffAfterWhatCouldBeRead) {
  add("one\ntwo\n");
  keep_bytes(std::filesystem::file_size(path_) - 4);
  EXPECT_EQ(read(), "one|two|is gzip that is cut off here");
  keep_bytes(5);
  EXPECT_EQ(read(), "is gzip that is cut off here");
}

TEST_F(CompressedInput, SaysThatItIsDamaged) {
  add("one\ntwo\n");
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(12);
  file << "\xff\xff\xff";
  file.close();
  EXPECT_EQ(read(), "is damaged gzip from here on");
}

TEST_F(CompressedInput, AFileOfOneByteIsNotGzip) {
  std::ofstream(path_) << '\x1f';
  EXPECT_EQ(read(), "\x1f|") << "the last line needs no end";
}

TEST_F(CompressedInput, ARotatedLogIsRecordedAndACutOffOneLeavesTheOldTrace) {
  const std::string log = "a - - [27/Nov/2026:12:00:01 +0000] \"GET / HTTP/1.1\" 200 1 \"-\" \"-\" rt=0.25\n";
  const std::string trace = path_ + ".jsonl";
  RecordOptions options;
  options.log = path_;
  options.out = trace;
  add(log + log);
  std::istringstream none;
  std::ostringstream out, err;
  EXPECT_EQ(run_record(options, none, out, err), 0) << err.str();
  EXPECT_EQ(err.str().substr(0, 8), "2 calls ");
  keep_bytes(std::filesystem::file_size(path_) - 2);
  EXPECT_EQ(run_record(options, none, out, err), 1);
  EXPECT_NE(err.str().find(".gz: is gzip that is cut off here\n"), std::string::npos) << err.str();
  EXPECT_GT(std::filesystem::file_size(trace), 0U);
  std::remove(trace.c_str());
}

}  // namespace
}  // namespace switchgear::lab
