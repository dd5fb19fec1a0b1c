#include "app/stage/stop_signal.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <system_error>

namespace switchgear::stage {

StopSignal::StopSignal() {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&signals, signal);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  handle_ = ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (handle_ < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
}

StopSignal::~StopSignal() { ::close(handle_); }

void StopSignal::forget() noexcept {
  signalfd_siginfo taken{};
  while (::read(handle_, &taken, sizeof taken) > 0) {
  }
  stopped_ = false;
}

bool StopSignal::wait_for(std::chrono::nanoseconds length) {
  const auto deadline = std::chrono::steady_clock::now() + length;
  while (!stopped_) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd signalled{handle_, POLLIN, 0};
    const int ready = ::poll(&signalled, 1, static_cast<int>(std::clamp<long long>(left.count(), 0, 60'000)));
    if (ready > 0) stopped_ = true;
    if (ready == 0 && std::chrono::steady_clock::now() >= deadline) break;
  }
  return stopped_;
}

}  // namespace switchgear::stage
