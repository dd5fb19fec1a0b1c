// `switchgear replay --json` against the model: the real binary, random policy files and traces, every line
// it prints. More cases, of every kind of breaker, in one process: replay_kinds_test.cpp. SWITCHGEAR_SEED
// sets the first seed, SWITCHGEAR_CASES how many follow in each share.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "tests/model/random_case.hpp"
#include "tests/model/same_lines.hpp"
#include "tests/model/trace_text.hpp"

namespace switchgear::model {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// A directory of its own, gone with it.
class Scratch {
 public:
  Scratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "switchgear-model-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr)
      throw std::system_error(errno, std::generic_category(), pattern);
    path_ = pattern;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] std::string write(const std::string& name, const std::string& text) const {
    const std::string path = (path_ / name).string();
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

 private:
  std::filesystem::path path_;
};

struct Ran {
  int status = -1;
  std::string out;
};

/// Runs the binary to its end. Its errors go where this test's go.
Ran run(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), SWITCHGEAR_BINARY);
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  pid_t child = 0;
  const int failed = ::posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  if (failed != 0) throw std::system_error(failed, std::generic_category(), SWITCHGEAR_BINARY);

  Ran ran;
  std::array<char, 65536> buffer{};
  for (;;) {
    const ssize_t got = ::read(ends[0], buffer.data(), buffer.size());
    if (got <= 0) break;
    ran.out.append(buffer.data(), static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ran;
}

constexpr std::uint64_t shares = 4;  // so that ctest can run them beside each other

class ReplayedModel : public testing::TestWithParam<std::uint64_t> {};

TEST_P(ReplayedModel, AgreesWithTheBinaryOnRandomPoliciesAndTraces) {
  constexpr std::uint64_t per_file = 10;
  const std::uint64_t cases = from_environment("SWITCHGEAR_CASES", 500);
  const std::uint64_t first = from_environment("SWITCHGEAR_SEED", 30'000'001) + GetParam() * cases;
  const Scratch scratch;
  int hung = 0, recovered = 0, checked = 0, grew = 0, fell = 0, escalated = 0, calm = 0;
  for (std::uint64_t begin = first; begin < first + cases; begin += per_file) {
    std::vector<Case> batch;
    for (std::uint64_t seed = begin; seed < std::min(begin + per_file, first + cases); ++seed) {
      batch.push_back(random_case(seed, Flavour::replay));
    }
    const std::string config = scratch.write("policies.yaml", policy_file(batch));
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const Case& given = batch[i];
      const std::string trace = scratch.write("trace.jsonl", trace_file(given));
      const Ran ran = run({"replay", "--config", config, "--policy", "p" + std::to_string(i), "--json",
                           "--seed", std::to_string(given.jitter_seed), trace});
      const auto story = [&] {
        return "seed " + std::to_string(given.seed) + " (SWITCHGEAR_SEED=" + std::to_string(given.seed) +
               " SWITCHGEAR_CASES=1 repeats it)\n" + policy_file({given}) + trace_file(given);
      };
      ASSERT_EQ(ran.status, 0) << story();
      ASSERT_EQ(first_difference(expected_lines(given), ran.out), "") << story();
      hung += occurrences(ran.out, "\"rule\":\"max_wait\"");
      recovered += occurrences(ran.out, "\"rule\":\"recovered\"");
      checked += occurrences(ran.out, "\"rule\":\"health_check\"");
      grew += occurrences(ran.out, "\"change\":\"grew\"");
      fell += occurrences(ran.out, "\"change\":\"fell\"");
      escalated += occurrences(ran.out, "\"cause\":\"escalated\"");
      calm += occurrences(ran.out, "\"cause\":\"calm\"");
    }
  }
  if (cases >= 500) {
    EXPECT_GE(hung, 20) << "the random traces no longer reach what they are made for";
    EXPECT_GE(recovered, 20);
    EXPECT_GE(checked, 20);
    EXPECT_GE(grew, 10);
    EXPECT_GE(fell, 1);
    EXPECT_GE(escalated, 20);
    EXPECT_GE(calm, 10);
  }
}

INSTANTIATE_TEST_SUITE_P(Share, ReplayedModel, testing::Range<std::uint64_t>(0, shares));

}  // namespace
}  // namespace switchgear::model
