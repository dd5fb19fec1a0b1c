// A program under test, as a process of its own: started, listened to, signalled and reaped, every wait with
// a deadline.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace switchgear::house {

class Program {
 public:
  /// Starts `words[0]` with the other words as its arguments; its stdout and stderr come back together.
  explicit Program(const std::vector<std::string>& words);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program();  ///< kills it when it still runs

  /// Reads until `text` has been printed; false when the program ends or `patience` is over before.
  [[nodiscard]] bool read_until(const std::string& text, std::chrono::milliseconds patience);

  /// Reads to the end and reaps; the exit code, 128 + the signal, or empty when `patience` was over before.
  [[nodiscard]] std::optional<int> wait(std::chrono::milliseconds patience);

  void signal(int number) const;

  /// Leaves as a reader, as `head` does when it has enough; wait() then reads nothing.
  void stop_reading();

  /// One of its own children, whose command line contains `words`; 0: none.
  [[nodiscard]] pid_t child(const std::string& words) const;

  /// Everything read so far.
  [[nodiscard]] const std::string& output() const noexcept { return output_; }
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

 private:
  enum class Read { some, end, nothing };
  [[nodiscard]] Read read_some(std::chrono::steady_clock::time_point deadline);

  pid_t pid_ = -1;
  int pipe_ = -1;
  bool reaped_ = false;
  std::string output_;
};

}  // namespace switchgear::house
