// File descriptors: how many the process may have open, and how many of them clients may take.
#pragma once

#include <cstddef>

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

/// How many client connections each thread may hold, so that there is a descriptor left for the upstream
/// connection of each, for the admin server, and for the rest. At least 1.
[[nodiscard]] std::size_t clients_per_thread(std::size_t limit, const OpenFilesNeeded& needed) noexcept;

}  // namespace switchgear::gateway
