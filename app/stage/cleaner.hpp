// Removes a directory if the process that made it is killed and cannot do so itself: a shell in a session of
// its own, which waits for that end. It does not end processes; they die with their parent.
#pragma once

#include <sys/types.h>

#include <filesystem>

namespace switchgear::stage {

/// Threads: the one that made it. Without /bin/sh it does nothing.
class Cleaner {
 public:
  explicit Cleaner(const std::filesystem::path& directory);
  Cleaner(const Cleaner&) = delete;
  Cleaner& operator=(const Cleaner&) = delete;
  ~Cleaner();  ///< leaves the directory alone from here on

 private:
  int alive_ = -1;  ///< writing end of a pipe that nothing is written to: its end is that of this process
  pid_t shell_ = -1;
};

}  // namespace switchgear::stage
