#include "app/gateway/open_files.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <limits>
#include <string>

namespace switchgear::gateway {

namespace {

// The standard streams, the policy file, the admin server's loop, look-ups of names; and of each thread its
// epoll, eventfd, timerfd and listening socket.
constexpr std::size_t of_the_process = 32;
constexpr std::size_t of_a_thread = 8;

constexpr std::size_t most_of_admin = 256;
constexpr std::size_t least_of_admin = 8;
constexpr std::size_t least_of_a_thread = 4;  ///< two clients, and a connection to a service for each

std::size_t own_files(std::size_t threads) noexcept { return of_the_process + of_a_thread * threads; }

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

TooFewOpenFiles::TooFewOpenFiles(std::size_t limit, std::size_t threads, std::size_t least)
    : std::runtime_error("the limit of open files is " + std::to_string(limit) + ": too low to serve with " +
                         std::to_string(threads) + (threads == 1 ? " thread" : " threads") +
                         ", which needs " + std::to_string(least) +
                         "; raise it (ulimit -n, LimitNOFILE of systemd)") {}

std::size_t admin_connections(std::size_t limit, std::size_t threads) noexcept {
  const std::size_t own = own_files(std::max<std::size_t>(1, threads));
  // Where there are few, a quarter.
  return std::clamp(limit > own ? (limit - own) / 4 : 0, least_of_admin, most_of_admin);
}

OpenFilesShare share_of_open_files(std::size_t limit, const OpenFilesNeeded& needed) {
  const std::size_t threads = std::max<std::size_t>(1, needed.threads);
  const std::size_t kept = own_files(threads) + admin_connections(limit, threads);
  const std::size_t least = own_files(threads) + least_of_admin + least_of_a_thread * threads;
  if (limit < least) throw TooFewOpenFiles{limit, threads, least};
  const std::size_t shared = (limit - kept) / threads;
  // Clients get at least half, and more where the services cannot use the rest.
  const std::size_t upstream = std::min(std::max<std::size_t>(1, needed.upstream_connections), shared / 2);
  return {shared - upstream, upstream};
}

}  // namespace switchgear::gateway
