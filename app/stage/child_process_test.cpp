// Children end when they are told to, whatever their parent ignores.
#include "app/stage/child_process.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "app/stage/process_end.hpp"

namespace switchgear::stage {
namespace {

using namespace std::chrono_literals;

constexpr const char* in_the_child = "SWITCHGEAR_STAGE_TEST_CHILD";

/// As a shell starts `switchgear demo &` in a script, and with SIGTERM blocked too.
class InTheBackground {
 public:
  InTheBackground() {
    constexpr rlimit no_core{0, 0};  // SIGQUIT leaves one
    ::setrlimit(RLIMIT_CORE, &no_core);
    for (std::size_t i = 0; i < ignored.size(); ++i) before_[i] = std::signal(ignored[i], SIG_IGN);
    sigset_t blocked;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &mask_);
  }
  InTheBackground(const InTheBackground&) = delete;
  InTheBackground& operator=(const InTheBackground&) = delete;
  ~InTheBackground() {
    for (std::size_t i = 0; i < ignored.size(); ++i) std::signal(ignored[i], before_[i]);
    ::pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
  }

 private:
  static constexpr std::array ignored{SIGINT, SIGQUIT};
  std::array<void (*)(int), ignored.size()> before_{};
  sigset_t mask_{};
};

/// A child that ends by a signal only. `prepare` runs in it before the parent continues.
template <class Prepare>
pid_t start_waiting_child(Prepare prepare) {
  std::array<int, 2> ready{};
  if (::pipe(ready.data()) != 0) return -1;
  const pid_t child = ::fork();
  if (child == 0) {
    prepare();
    ::close(ready[0]);
    ::close(ready[1]);
    for (;;) ::pause();
  }
  ::close(ready[1]);
  char none = 0;
  while (::read(ready[0], &none, 1) > 0) {
  }
  ::close(ready[0]);
  return child;
}

TEST(ProcessEnd, ComesBySignalsThatTheParentIgnores) {
  const InTheBackground script;
  for (const int signal : {SIGQUIT, SIGINT, SIGTERM}) {
    const pid_t child = start_waiting_child([] { reset_signals(); });
    ASSERT_GT(child, 0);
    const int status = end_process(child, signal, 30s);
    ASSERT_TRUE(WIFSIGNALED(status)) << "signal " << signal << ", status " << status;
    EXPECT_EQ(WTERMSIG(status), signal);
  }
}

TEST(ProcessEnd, IsForcedOnAChildThatIgnoresItsSignal) {
  const InTheBackground script;
  const pid_t child = start_waiting_child([] {});
  ASSERT_GT(child, 0);
  EXPECT_FALSE(wait_for_end(child, 1ms)) << "it runs";
  const int status = end_process(child, SIGQUIT, 20ms);
  ASSERT_TRUE(WIFSIGNALED(status)) << "status " << status;
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

TEST(ChildProcess, EndsInOrderIfItsParentIgnoresSignals) {
  if (std::getenv(in_the_child) != nullptr) {  // this program is the child, too
    std::puts("waits");
    std::fflush(stdout);
    for (;;) ::pause();
  }
  const InTheBackground script;
  ::setenv(in_the_child, "1", 1);
  ChildProcess child{
      "child", {"--gtest_filter=ChildProcess.EndsInOrderIfItsParentIgnoresSignals"}, "/dev/null"};
  ::unsetenv(in_the_child);
  ASSERT_TRUE(child.wait_for_line("waits", std::chrono::steady_clock::now() + 30s));
  ::kill(child.pid(), SIGQUIT);
  child.end(30s);
  EXPECT_EQ(child.how_it_ended(), "signal " + std::to_string(SIGQUIT));
}

}  // namespace
}  // namespace switchgear::stage
