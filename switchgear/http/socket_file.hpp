// The file of a Unix socket that a process listens on: which one it is, and who removes it.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>

namespace switchgear::http {

/// A socket's file stays when its process dies; the next process to listen there removes one that leads to no
/// process. Threads: one at a time.
class SocketFile {
 public:
  /// Nowhere: of TCP, or of an abstract name.
  SocketFile() = default;
  explicit SocketFile(std::string path) : path_(std::move(path)) {}
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;
  /// Removes it, if it is this process's own and still the same.
  ~SocketFile() { remove(); }

  /// Whether it was there, was a socket, and led to no process: then it is gone.
  [[nodiscard]] bool remove_if_dead() const noexcept;
  /// From here on it is this process's own.
  void own() noexcept;
  /// Removes it, as at the end.
  void remove() noexcept;
  /// It is another process's.
  void leave() noexcept { own_.reset(); }
  /// False, with errno, if it cannot be changed.
  [[nodiscard]] bool set_mode(unsigned mode) const noexcept;

 private:
  using Identity = std::pair<dev_t, ino_t>;
  [[nodiscard]] std::optional<Identity> found() const noexcept;

  std::string path_;
  std::optional<Identity> own_;
};

}  // namespace switchgear::http
