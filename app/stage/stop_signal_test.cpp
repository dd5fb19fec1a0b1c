// What stops a run, and what does not.
#include "app/stage/stop_signal.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>

namespace switchgear::stage {
namespace {

using namespace std::chrono_literals;

/// The exit code of a process of its own that runs `act`.
template <class Act>
int code_of(Act act) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(act());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int stops_after(int signal) {
  StopSignal stop;
  ::raise(signal);
  return stop.wait_for(0ns) ? 1 : 0;
}

TEST(StopSignal, ComesWhenTheTerminalGoes) {
  EXPECT_EQ(code_of([] {
              std::signal(SIGHUP, SIG_DFL);
              return stops_after(SIGHUP);
            }),
            1);
}

TEST(StopSignal, DoesNotComeWhenTheTerminalGoesUnderNohup) {
  EXPECT_EQ(code_of([] {
              std::signal(SIGHUP, SIG_IGN);
              return stops_after(SIGHUP) == 0 && stops_after(SIGTERM) == 1 ? 0 : 1;
            }),
            0);
}

TEST(StopSignal, ComesWithoutAWriteWhenTheReaderOfTheOutputHasGoneAndIsNotForgotten) {
  EXPECT_EQ(code_of([] {
              std::array<int, 2> pipe{};
              if (::pipe(pipe.data()) != 0) return 2;
              ::dup2(pipe[1], STDOUT_FILENO);
              StopSignal stop;
              if (stop.wait_for(0ns) || stop.reader_has_gone()) return 3;
              ::close(pipe[0]);
              if (!stop.wait_for(30s) || !stop.reader_has_gone()) return 4;
              stop.forget();
              if (!stop.wait_for(0ns)) return 5;
              return ::write(STDOUT_FILENO, "x", 1) == -1 ? 0 : 6;  // and it lives
            }),
            0);
}

}  // namespace
}  // namespace switchgear::stage
