// A child process as a supervisor keeps it: started again when it ends, and what happened is told.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/stage/workplace.hpp"

namespace switchgear::stage {

/// Threads: the one that made it.
class KeptProcess {
 public:
  /// `ready`: how the line begins with which it says that it is ready. `workplace` outlives it.
  KeptProcess(Workplace& workplace, std::string name, std::string ready);

  /// Starts this command of the binary; returns the line. Throws Broken, which says `where`.
  std::string start(std::vector<std::string> words, const std::string& where = "");
  /// In place of those of start() when it is started again: with the ports that the system has chosen.
  void start_again_with(std::vector<std::string> words, std::string where = "");

  /// Call it often. If the process has ended, it is started again: says how it ended. Throws Broken if it
  /// does not start, or ends again and again; from then on it is left alone.
  std::optional<std::string> look();
  /// For a process that does not answer. Says that it was ended.
  std::string end_and_start_again();

  /// Throws Broken with `what` it did.
  [[noreturn]] void broken(const std::string& what) { workplace_.broken(*process_, what); }

  [[nodiscard]] bool running() { return process_->running(); }
  /// look() has thrown.
  [[nodiscard]] bool given_up() const noexcept { return given_up_; }
  /// How often it was started again.
  [[nodiscard]] unsigned restarts() const noexcept { return starts_ - 1; }
  /// It ended otherwise than by being told to, or did not answer: a fault of its own.
  [[nodiscard]] bool has_failed() const noexcept { return failed_; }

 private:
  Workplace& workplace_;
  const std::string name_, ready_;
  std::string where_;
  std::vector<std::string> words_;
  std::unique_ptr<ChildProcess> process_;
  unsigned starts_ = 0;
  bool failed_ = false, given_up_ = false;
};

}  // namespace switchgear::stage
