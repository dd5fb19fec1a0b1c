// A directory goes with the process that made it, however that ends; unless it is kept.
#include "app/stage/workplace.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>

namespace switchgear::stage {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

enum class Logs { go, stay };

/// The directory of a process that is killed.
fs::path directory_after_kill(Logs logs) {
  std::array<int, 2> pipe{};
  if (::pipe(pipe.data()) != 0) return {};
  const pid_t child = ::fork();
  if (child == 0) {
    Workplace workplace{"stage-test"};
    static_cast<void>(workplace.write("some.log", "text"));
    fs::create_directory(workplace.directory() / "deeper");
    if (logs == Logs::stay) workplace.keep();
    const std::string path = workplace.directory().string() + "\n";
    if (::write(pipe[1], path.data(), path.size()) > 0) ::pause();
    ::_exit(1);
  }
  ::close(pipe[1]);
  std::string path;
  for (char each = 0; ::read(pipe[0], &each, 1) == 1 && each != '\n';) path += each;
  ::close(pipe[0]);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  return path;
}

TEST(Workplace, GoesAlsoWhenItsProcessIsKilled) {
  const fs::path directory = directory_after_kill(Logs::go);
  ASSERT_FALSE(directory.empty());
  const auto until = std::chrono::steady_clock::now() + 30s;
  while (fs::exists(directory) && std::chrono::steady_clock::now() < until) ::poll(nullptr, 0, 5);
  EXPECT_FALSE(fs::exists(directory)) << directory;
}

TEST(Workplace, StaysWhenItsLogsArePromised) {
  const fs::path directory = directory_after_kill(Logs::stay);
  EXPECT_TRUE(fs::exists(directory / "some.log")) << directory;
  fs::remove_all(directory);
}

TEST(Workplace, LeavesNoProcessBehind) {
  { const Workplace workplace{"stage-test"}; }
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
}

}  // namespace
}  // namespace switchgear::stage
