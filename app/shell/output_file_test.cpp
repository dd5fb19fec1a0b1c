#include "app/shell/output_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace switchgear::shell {
namespace {

/// A file on standard input, as `< file` has it.
class StandardInput {
 public:
  explicit StandardInput(const std::string& path) : before_(::dup(STDIN_FILENO)) {
    const int file = ::open(path.c_str(), O_RDONLY);
    ::dup2(file, STDIN_FILENO);
    ::close(file);
  }
  ~StandardInput() {
    ::dup2(before_, STDIN_FILENO);
    ::close(before_);
  }
  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;

 private:
  int before_;
};

class OutputFile : public testing::Test {
 protected:
  OutputFile() { std::ofstream{path_} << "kept"; }
  ~OutputFile() override { std::filesystem::remove(path_); }

  /// What is said of `output`; nothing if it may be written.
  static std::string said(const std::string& output, const std::string& input) {
    std::ostringstream err;
    const bool may = spares_inputs("--out", output, {{"policy file", ""}, {"log", input}}, err);
    EXPECT_EQ(may, err.str().empty());
    return err.str();
  }
  [[nodiscard]] std::string refused(const std::string& output) const {
    return "--out: " + output + " is the log itself; expected another file\n";
  }

  const std::string path_ =
      testing::TempDir() + testing::UnitTest::GetInstance()->current_test_info()->name() + ".log";
};

TEST_F(OutputFile, IsNotAnInputByAnyOfItsNames) {
  EXPECT_EQ(said(path_, path_), refused(path_));
  const std::string other_name = path_ + ".link", hard = path_ + ".hard";
  std::filesystem::create_symlink(path_, other_name);
  std::filesystem::create_hard_link(path_, hard);
  EXPECT_EQ(said(other_name, path_), refused(other_name));
  EXPECT_EQ(said(hard, path_), refused(hard));
  std::filesystem::remove(other_name);
  std::filesystem::remove(hard);
}

TEST_F(OutputFile, IsNotTheFileOnStandardInput) {
  const StandardInput input{path_};
  EXPECT_EQ(said(path_, "-"), refused(path_));
  EXPECT_EQ(said(path_, path_ + ".other"), "") << "standard input is not read";
}

TEST_F(OutputFile, MayBeAnythingElse) {
  EXPECT_EQ(said(path_ + ".new", path_), "");
  EXPECT_EQ(said("-", path_), "");
  EXPECT_EQ(said("/dev/null", "/dev/null"), "");
  EXPECT_EQ(said(path_, "/dev/null"), "");
}

}  // namespace
}  // namespace switchgear::shell
