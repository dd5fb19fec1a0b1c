#include "app/stage/process_end.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace switchgear::stage {
namespace {

int reap(pid_t child) noexcept {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

void reset_signals() noexcept {
  // Handlers first: a signal that comes in between must not run one of the parent's in the child.
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

std::optional<int> wait_for_end(pid_t child, std::chrono::milliseconds at_most) noexcept {
  using std::chrono::steady_clock;
  // A pidfd becomes readable when the process ends: a wait with a deadline, and without a signal handler.
  const int handle = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
  if (handle >= 0) {
    const auto deadline = steady_clock::now() + at_most;
    pollfd ended{handle, POLLIN, 0};
    int ready = -1;
    do {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
      ready = ::poll(&ended, 1, static_cast<int>(std::max<long long>(0, left.count())));
    } while (ready < 0 && errno == EINTR);
    ::close(handle);
  }
  int status = 0;
  if (::waitpid(child, &status, WNOHANG) != child) return std::nullopt;
  return status;
}

int end_process(pid_t child, int signal, std::chrono::milliseconds patience) noexcept {
  ::kill(child, signal);
  if (const auto status = wait_for_end(child, patience)) return *status;
  ::kill(child, SIGKILL);
  return reap(child);
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return "exit code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace switchgear::stage
