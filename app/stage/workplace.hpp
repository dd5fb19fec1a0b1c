// A temporary directory with the files and logs of the processes that are started there, which goes with it
// unless it is kept; also if this process is killed.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "app/stage/child_process.hpp"
#include "app/stage/cleaner.hpp"

namespace switchgear::stage {

/// A process could not be started, or ended by itself.
struct Broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The number after `key` in a line; 0 when there is none.
[[nodiscard]] std::uint16_t number_after(std::string_view line, std::string_view key);

/// A process and the line with which it said that it is ready.
struct Started {
  std::unique_ptr<ChildProcess> process;
  std::string ready;
};

/// Threads: the one that made it.
class Workplace {
 public:
  /// `name` is a part of the directory's. Throws Broken.
  explicit Workplace(std::string_view name);
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;
  ~Workplace();

  [[nodiscard]] const std::filesystem::path& directory() const noexcept { return directory_; }
  /// Writes a file into it; returns its path. Throws Broken.
  [[nodiscard]] std::string write(const std::string& name, std::string_view text) const;

  /// Starts a command of this binary and waits for a line that begins with `ready`. Throws Broken, which says
  /// that `name` did not start, `where`, and why.
  [[nodiscard]] Started start(const std::string& name, const std::vector<std::string>& arguments,
                              const std::string& ready, const std::string& where = "");

  /// Throws Broken with the process, `what` it did, how it ended and the last line of its log.
  [[noreturn]] void broken(ChildProcess& process, const std::string& what);

  /// Leaves the directory on disk.
  void keep() noexcept;

 private:
  [[nodiscard]] std::string log_of(const std::string& name) const;

  std::filesystem::path directory_;
  std::optional<Cleaner> cleaner_;  ///< none: the directory is kept
};

}  // namespace switchgear::stage
