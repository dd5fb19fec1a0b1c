// Waits for Ctrl-C and SIGTERM, so that a run ends its processes and restores the terminal in order; and for
// the reader of its output to leave, as `head` does.
#pragma once

#include <chrono>

namespace switchgear::stage {

/// The exit code of a run whose reader has gone: a shell's for SIGPIPE.
inline constexpr int exit_without_reader = 141;

/// Make it before any thread: threads started later inherit the blocked signals, and only this sees them.
/// SIGHUP stops too, unless it is ignored, as under nohup. SIGPIPE is ignored from here on, because it would
/// end the program with its folder left behind.
class StopSignal {
 public:
  StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;
  ~StopSignal();

  /// Waits that long at most; true as soon as the program has been asked to stop or standard output, if it is
  /// a pipe or a socket, has lost its reader; and from then on.
  [[nodiscard]] bool wait_for(std::chrono::nanoseconds length);

  /// wait_for() has seen that the reader has gone: what is printed from here on is lost.
  [[nodiscard]] bool reader_has_gone() const noexcept { return reader_has_gone_; }

  /// Forgets that it has been asked, so that what must be done before the end can be waited for: a second
  /// Ctrl-C stops that too. A reader that has gone is not forgotten.
  void forget() noexcept;

 private:
  int handle_ = -1;
  int output_ = -1;  ///< -1: a terminal or a file, which has no reader to lose
  bool stopped_ = false;
  bool reader_has_gone_ = false;
};

}  // namespace switchgear::stage
