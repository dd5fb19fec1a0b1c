// The file that lines of the access log are appended to.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace switchgear::gateway {

/// Opened for appending, made with mode 0640 if it is not there. `-` is standard output. Holds whole lines
/// only, as long as no other process writes to it: a line of which a full disk took a part is cut off again.
/// Threads: one at a time.
class AccessFile {
 public:
  struct Written {
    std::size_t size = 0;  ///< bytes of whole lines
    int error = 0;         ///< an errno; why it is not everything
  };

  /// Throws std::system_error, which names the file.
  explicit AccessFile(std::string path);
  AccessFile(const AccessFile&) = delete;
  AccessFile& operator=(const AccessFile&) = delete;
  ~AccessFile();

  /// Whole lines, in one system call as long as the system takes them all. Waits as long as that does.
  Written write(std::array<std::string_view, 2> lines) noexcept;
  /// Opens the path anew, for what another program has put there or taken away. An errno, and the old file
  /// stays, if that is not possible.
  [[nodiscard]] int reopen() noexcept;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  /// The descriptor, or minus an errno.
  [[nodiscard]] int open() const noexcept;
  /// Cuts off the last `size` bytes. True if the file ends where it did before.
  [[nodiscard]] bool cut(std::size_t size) noexcept;

  const std::string path_;
  int descriptor_;
  bool in_line_ = false;  ///< the file ends within a line that could not be cut off
};

}  // namespace switchgear::gateway
