// Waits for Ctrl-C and SIGTERM, so that a run ends its processes and restores the terminal in order.
#pragma once

#include <chrono>

namespace switchgear::stage {

/// Make it before any thread: threads started later inherit the blocked signals, and only this sees them.
class StopSignal {
 public:
  StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;
  ~StopSignal();

  /// Waits that long at most; true as soon as the program has been asked to stop, and from then on.
  [[nodiscard]] bool wait_for(std::chrono::nanoseconds length);

  /// Forgets that it has been asked, so that what must be done before the end can be waited for: a second
  /// Ctrl-C stops that too.
  void forget() noexcept;

 private:
  int handle_ = -1;
  bool stopped_ = false;
};

}  // namespace switchgear::stage
