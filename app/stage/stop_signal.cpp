#include "app/stage/stop_signal.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

namespace switchgear::stage {

namespace {

/// A blocked signal is queued even if it is ignored, and signalfd would read it.
bool is_ignored(int signal) {
  struct sigaction now {};
  return ::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

bool has_a_reader(int descriptor) {
  struct stat kind {};
  return ::fstat(descriptor, &kind) == 0 && (S_ISFIFO(kind.st_mode) || S_ISSOCK(kind.st_mode));
}

}  // namespace

StopSignal::StopSignal() : output_(has_a_reader(STDOUT_FILENO) ? STDOUT_FILENO : -1) {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM}) ::sigaddset(&signals, signal);
  if (!is_ignored(SIGHUP)) ::sigaddset(&signals, SIGHUP);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  handle_ = ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (handle_ < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
}

StopSignal::~StopSignal() { ::close(handle_); }

void StopSignal::forget() noexcept {
  signalfd_siginfo taken{};
  while (::read(handle_, &taken, sizeof taken) > 0) {
  }
  stopped_ = reader_has_gone_;
}

bool StopSignal::wait_for(std::chrono::nanoseconds length) {
  const auto deadline = std::chrono::steady_clock::now() + length;
  while (!stopped_) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    std::array<pollfd, 2> seen{pollfd{handle_, POLLIN, 0}, pollfd{output_, 0, 0}};
    const int ready =
        ::poll(seen.data(), seen.size(), static_cast<int>(std::clamp<long long>(left.count(), 0, 60'000)));
    if (ready > 0) {
      stopped_ = true;
      reader_has_gone_ = (seen[1].revents & (POLLERR | POLLHUP)) != 0;
    }
    if (ready == 0 && std::chrono::steady_clock::now() >= deadline) break;
  }
  return stopped_;
}

}  // namespace switchgear::stage
