// How far a long run is, as one line that is written over: for people who watch a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <ostream>
#include <string>

namespace switchgear::lab {

/// Silent unless told to show, and for the first second. The line is taken away at the end.
class Progress {
 public:
  /// `total`: 0 if it is not known. `out` is borrowed.
  Progress(std::ostream& out, bool shown, std::string what, std::uint64_t total = 0);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { clear(); }

  /// `done` so far. Cheap: looks at the clock once in 65,536 steps.
  void step(std::uint64_t done) {
    if ((done & 0xFFFFU) == 0) look(done);
  }
  /// Looks at the clock each time: for few, long steps.
  void look(std::uint64_t done);
  /// The next part of the work.
  void begin(std::string what, std::uint64_t total);
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  std::ostream& out_;
  const bool shown_;
  std::string what_;
  std::uint64_t total_;
  Clock::time_point begun_ = Clock::now();
  Clock::time_point next_ = begun_ + std::chrono::seconds{1};
  bool written_ = false;
};

/// Whether standard error is a terminal.
[[nodiscard]] bool error_is_terminal();

}  // namespace switchgear::lab
