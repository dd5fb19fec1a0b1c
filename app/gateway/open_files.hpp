// File descriptors: how many the process may have open, and how many of them clients may take.
#pragma once

#include <cstddef>
#include <stdexcept>

namespace switchgear::gateway {

/// Raises the limit of open files (RLIMIT_NOFILE) to the most that this process may have: the usual default
/// of 1,024 is meant for programs that use select(). Needs no privilege. Call once, at the start.
void raise_limit_of_open_files() noexcept;

/// RLIMIT_NOFILE as it is now.
[[nodiscard]] std::size_t limit_of_open_files() noexcept;

/// What needs file descriptors beside the clients.
struct OpenFilesNeeded {
  std::size_t threads = 1;
  std::size_t upstream_connections = 0;  ///< at most, of one thread
};

/// How many connections each thread may hold.
struct OpenFilesShare {
  std::size_t clients = 1;
  std::size_t upstream = 1;  ///< of all services together
};

/// The limit is so low that the process could not serve: it says how many open files are needed.
class TooFewOpenFiles final : public std::runtime_error {
 public:
  TooFewOpenFiles(std::size_t limit, std::size_t threads, std::size_t least);
};

/// What is left for clients and services when the process itself and the admin server have theirs: there is a
/// descriptor for the upstream connection of each client. Throws TooFewOpenFiles.
[[nodiscard]] OpenFilesShare share_of_open_files(std::size_t limit, const OpenFilesNeeded& needed);

/// How many connections the admin server may hold, of 256 at most.
[[nodiscard]] std::size_t admin_connections(std::size_t limit, std::size_t threads) noexcept;

}  // namespace switchgear::gateway
