// `switchgear demo` as its users run it: whole processes, output through a pipe.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "tests/house/program.hpp"

namespace switchgear::house {
namespace {

using namespace std::chrono_literals;

/// The end of every wait; a demo that does as it should is done long before.
constexpr auto patience = 100s;

/// Whatever a demo leaves behind becomes a child of this test, which can then count it.
class Demo : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
    // The servers' user must be able to pass.
    std::filesystem::permissions(folder_, std::filesystem::perms::others_exec,
                                 std::filesystem::perm_options::add);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// The words of a demo whose folder is in one of this test's.
  [[nodiscard]] std::vector<std::string> in_folder(std::vector<std::string> words) const {
    words.insert(words.begin(), {"/usr/bin/env", "TMPDIR=" + folder_});
    return words;
  }
  [[nodiscard]] bool nothing_left(std::chrono::milliseconds at_most) const {
    const auto deadline = std::chrono::steady_clock::now() + at_most;
    while (!std::filesystem::is_empty(folder_)) {
      if (std::chrono::steady_clock::now() >= deadline) return false;
      ::poll(nullptr, 0, 10);
    }
    return true;
  }

  /// True when no process is left within that time; reaps those that end.
  [[nodiscard]] static bool nobody_left(std::chrono::milliseconds at_most) {
    const auto deadline = std::chrono::steady_clock::now() + at_most;
    for (;;) {
      const pid_t reaped = ::waitpid(-1, nullptr, WNOHANG);
      if (reaped < 0 && errno == ECHILD) return true;
      if (reaped > 0) continue;
      if (std::chrono::steady_clock::now() >= deadline) return false;
      ::poll(nullptr, 0, 10);
    }
  }

 private:
  std::string folder_ = (std::filesystem::temp_directory_path() / "house-test-XXXXXX").string();
};

TEST_F(Demo, TellsItsStoryInOrderWithinTheTimeAndExitsZero) {
  Program demo{{SWITCHGEAR_BINARY, "demo", "--for", "15s", "--seed", "7"}};
  const auto code = demo.wait(patience);
  ASSERT_TRUE(code.has_value()) << demo.output();
  EXPECT_EQ(*code, 0) << demo.output();
  constexpr std::array in_order{"dashboard  http://127.0.0.1:",
                                "gateway  ",
                                "behind it  orders in ",
                                "a stand-in, over A2A",
                                "normal ",
                                "fault ",
                                "open ",
                                "failure_rate",
                                "shielded ",
                                " 0 of them reached payment",
                                "heal ",
                                "half_open ",
                                "closed ",
                                "recovered",
                                "normal ",
                                "none lost, none doubled",
                                "held "};
  std::size_t at = 0;
  EXPECT_EQ(demo.output().rfind(in_order.front(), 0), 0U) << "the dashboard's address comes first\n"
                                                          << demo.output();
  for (const char* step : in_order) {
    const auto found = demo.output().find(step, at);
    ASSERT_NE(found, std::string::npos) << step << " is missing after position " << at << " in\n"
                                        << demo.output();
    at = found + std::string{step}.size();
  }
  EXPECT_EQ(demo.output().find('\x1b'), std::string::npos) << "escape codes in a pipe";
  EXPECT_TRUE(nobody_left(0ms)) << "the demo left processes behind";
}

class DemoFault : public Demo, public testing::WithParamInterface<const char*> {};

TEST_P(DemoFault, OpensTheBreakerAndIsOverWhenTheServiceHeals) {
  Program demo{{SWITCHGEAR_BINARY, "demo", "--stand-ins", "--for", "12s", "--fault", GetParam()}};
  const auto code = demo.wait(patience);
  ASSERT_TRUE(code.has_value()) << demo.output();
  EXPECT_EQ(*code, 0) << demo.output();
  EXPECT_NE(demo.output().find("held "), std::string::npos) << demo.output();
}

INSTANTIATE_TEST_SUITE_P(Each, DemoFault, testing::Values("latency", "hang", "refuse", "reset"),
                         [](const auto& fault) { return std::string{fault.param}; });

TEST_F(Demo, EndsEveryProcessWhenInterrupted) {
  Program demo{{SWITCHGEAR_BINARY, "demo"}};
  ASSERT_TRUE(demo.read_until("gateway ", patience)) << demo.output();
  demo.signal(SIGINT);
  const auto code = demo.wait(patience);
  ASSERT_TRUE(code.has_value()) << demo.output();
  EXPECT_EQ(*code, 0) << demo.output();
  EXPECT_NE(demo.output().find("none lost, none doubled"), std::string::npos) << demo.output();
  EXPECT_TRUE(nobody_left(0ms));
}

TEST_F(Demo, ItsBooksAreRightAlsoWhenInterruptedWhilePaymentFails) {
  Program demo{{SWITCHGEAR_BINARY, "demo", "--stand-ins", "--for", "8s"}};
  ASSERT_TRUE(demo.read_until("open ", patience)) << demo.output();
  demo.signal(SIGINT);
  EXPECT_EQ(demo.wait(patience), 1) << "stopped before its end";
  EXPECT_NE(demo.output().find("none lost, none doubled"), std::string::npos) << demo.output();
  EXPECT_NE(demo.output().find("stopped "), std::string::npos) << demo.output();
}

TEST_F(Demo, LeavesNeitherProcessNorFolderBehindWhenKilled) {
  Program demo{in_folder({SWITCHGEAR_BINARY, "demo"})};
  ASSERT_TRUE(demo.read_until("gateway ", patience)) << demo.output();
  EXPECT_FALSE(nothing_left(0ms));
  demo.signal(SIGKILL);
  EXPECT_EQ(demo.wait(patience), 128 + SIGKILL);
  EXPECT_TRUE(nobody_left(patience));
  EXPECT_TRUE(nothing_left(patience));
}

TEST_F(Demo, EndsWhenItsReaderHasEnough) {
  Program demo{in_folder({SWITCHGEAR_BINARY, "demo", "--stand-ins"})};
  ASSERT_TRUE(demo.read_until("gateway ", patience)) << demo.output();
  demo.stop_reading();
  EXPECT_EQ(demo.wait(patience), 128 + SIGPIPE);
  EXPECT_TRUE(nobody_left(0ms));
  EXPECT_TRUE(nothing_left(0ms));
}

TEST_F(Demo, EndsInOrderWhenItsTerminalGoes) {
  Program demo{in_folder({SWITCHGEAR_BINARY, "demo", "--stand-ins"})};
  ASSERT_TRUE(demo.read_until("gateway ", patience)) << demo.output();
  demo.signal(SIGHUP);
  EXPECT_EQ(demo.wait(patience), 0) << demo.output();
  EXPECT_NE(demo.output().find("none lost, none doubled"), std::string::npos) << demo.output();
  EXPECT_TRUE(nobody_left(0ms));
  EXPECT_TRUE(nothing_left(0ms));
}

TEST_F(Demo, GoesOnWhenItsTerminalGoesUnderNohup) {
  Program demo{in_folder({"nohup", SWITCHGEAR_BINARY, "demo", "--stand-ins", "--for", "8s"})};
  ASSERT_TRUE(demo.read_until("gateway ", patience)) << demo.output();
  demo.signal(SIGHUP);
  EXPECT_TRUE(demo.read_until("normal ", patience)) << demo.output();
  demo.signal(SIGTERM);
  EXPECT_EQ(demo.wait(patience), 1) << demo.output();
  EXPECT_NE(demo.output().find("none lost, none doubled"), std::string::npos) << demo.output();
  EXPECT_TRUE(nothing_left(0ms));
}

TEST_F(Demo, StartsItsProcessesAgainAndReadsTheBooks) {
  Program demo{in_folder({SWITCHGEAR_BINARY, "demo", "--stand-ins", "--for", "10s"})};
  ASSERT_TRUE(demo.read_until("gateway ", patience)) << demo.output();
  for (const auto& [name, words] :
       {std::pair{"payment", "demo-service --name payment"}, std::pair{"shop", "shop-service"},
        std::pair{"gateway", "serve --config"}}) {
    const pid_t process = demo.child(words);
    ASSERT_GT(process, 0) << words;
    ASSERT_EQ(::kill(process, SIGKILL), 0);
    const std::string label = std::string(name) + std::string(11 - std::string(name).size(), ' ');
    EXPECT_TRUE(demo.read_until(label + "was ended (signal 9), and is started again", patience))
        << demo.output();
  }
  const auto code = demo.wait(patience);
  // On a busy machine the start may have taken the time of a step, and the story says so.
  EXPECT_EQ(code, demo.output().find("held ") != std::string::npos ? 0 : 1) << demo.output();
  EXPECT_NE(demo.output().find("none lost, none doubled"), std::string::npos) << demo.output();
}

TEST_F(Demo, SaysWhyAStepWasMissedWhenTheShopIsKilledWhileItsBreakerIsOpen) {
  Program demo{in_folder({SWITCHGEAR_BINARY, "demo", "--stand-ins", "--for", "8s"})};
  ASSERT_TRUE(demo.read_until("open ", patience)) << demo.output();
  ASSERT_EQ(::kill(demo.child("shop-service"), SIGKILL), 0);
  EXPECT_EQ(demo.wait(patience), 1) << demo.output();
  EXPECT_NE(demo.output().find("a process was started again meanwhile"), std::string::npos) << demo.output();
  EXPECT_NE(demo.output().find("none lost, none doubled"), std::string::npos) << demo.output();
}

TEST_F(Demo, NamesAPortThatIsTaken) {
  const int taken = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_GE(taken, 0);
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof here;
  ASSERT_EQ(::bind(taken, reinterpret_cast<const sockaddr*>(&here), size), 0);
  ASSERT_EQ(::listen(taken, 1), 0);
  ASSERT_EQ(::getsockname(taken, reinterpret_cast<sockaddr*>(&here), &size), 0);
  const std::string port = std::to_string(ntohs(here.sin_port));

  Program demo{{SWITCHGEAR_BINARY, "demo", "--for", "10s", "--port", port}};
  EXPECT_EQ(demo.wait(patience), 3) << demo.output();
  EXPECT_NE(demo.output().find(port), std::string::npos) << demo.output();
  EXPECT_TRUE(nobody_left(0ms));
  ::close(taken);
}

TEST_F(Demo, RefusesAFaultItDoesNotKnow) {
  Program demo{{SWITCHGEAR_BINARY, "demo", "--fault", "explode"}};
  EXPECT_EQ(demo.wait(patience), 2);
}

TEST_F(Demo, RefusesATimeThatIsTooShortForTheStory) {
  Program demo{{SWITCHGEAR_BINARY, "demo", "--for", "2s"}};
  EXPECT_EQ(demo.wait(patience), 2);
  EXPECT_NE(demo.output().find("at least 8s"), std::string::npos) << demo.output();
}

TEST_F(Demo, DoesNotTakeASeedOfMinusOneForTheLargestNumberThereIs) {
  for (const char* seed : {"-1", "99999999999999999999"}) {
    Program demo{{SWITCHGEAR_BINARY, "demo", "--seed", seed}};
    EXPECT_EQ(demo.wait(10s), 2);
    EXPECT_NE(demo.output().find(seed), std::string::npos) << demo.output();
  }
}

}  // namespace
}  // namespace switchgear::house
