#include "app/gateway/open_files.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <limits>

namespace switchgear::gateway {

namespace {
// The admin server's connections (256), the log, the policy file, look-ups of names, sockets to listen on.
constexpr std::size_t others = 320;
constexpr std::size_t event_loop = 8;  ///< of one thread: epoll, eventfd, timerfd, its listening socket
}  // namespace

void raise_limit_of_open_files() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  // If it cannot be raised, the old limit holds, and is taken into account.
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

std::size_t limit_of_open_files() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
    return std::numeric_limits<int>::max();
  return limit.rlim_cur;
}

std::size_t clients_per_thread(std::size_t limit, const OpenFilesNeeded& needed) noexcept {
  const std::size_t threads = std::max<std::size_t>(1, needed.threads);
  // Where there are few, the others get a quarter at most, and clients as many as their upstream connections.
  const std::size_t kept = std::min(others + event_loop * threads, limit / 4);
  const std::size_t shared = (limit - kept) / threads;
  const std::size_t upstream = std::min(needed.upstream_connections, shared / 2);
  return std::max<std::size_t>(1, shared - upstream);
}

}  // namespace switchgear::gateway
