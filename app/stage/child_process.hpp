// One child process of a demo or a scenario: started from this very binary, read line by line, ended by its
// pid. It dies with its parent, however that ends. Nothing here knows what the child does.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace switchgear::stage {

class ChildProcess {
 public:
  /// Starts `arguments` of the running binary. What it prints goes, up to 1 MiB, to the file `log`.
  /// Throws std::system_error when it cannot be started.
  ChildProcess(std::string name, const std::vector<std::string>& arguments, const std::string& log);
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();  ///< end()

  /// The first line the child prints that starts with `start`; empty when it ends or the time is over before.
  /// Call it before anything else reads the child; the rest of the output is drained to the log from then on.
  [[nodiscard]] std::optional<std::string> wait_for_line(const std::string& start,
                                                         std::chrono::steady_clock::time_point deadline);

  [[nodiscard]] bool running();
  /// How it ended, in words: `exit code 3`, `signal 9`. Of use once running() says false.
  [[nodiscard]] std::string how_it_ended() const;
  /// It ended because of end(), SIGTERM or SIGKILL, or with the exit code that a shell has for SIGTERM, 143,
  /// which is how a process says that it was told so and ended in order. Exit code 0 without end() is an end
  /// of its own. Who sent SIGKILL cannot be known: it may have been the kernel, for want of memory. Of use
  /// once running() says false.
  [[nodiscard]] bool was_told_to_end() const noexcept;

  /// SIGTERM, then SIGKILL after `patience`.
  void end(std::chrono::milliseconds patience = std::chrono::seconds{3}) noexcept;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

 private:
  void keep(const char* data, std::size_t size);
  void drain();

  std::string name_;
  pid_t pid_ = -1;
  int status_ = 0;
  bool reaped_ = false;
  bool told_ = false;  ///< by end()
  int output_ = -1;    ///< reading end of the child's stdout and stderr
  std::string unread_;
  std::FILE* log_ = nullptr;
  std::size_t logged_ = 0;
  std::thread drainer_;
};

}  // namespace switchgear::stage
