// Hears of changes in the folders that a path leads through. The only file that knows inotify.
#pragma once

#include <set>
#include <string>

namespace switchgear::config {

/// The folders in which something happens whenever `path` comes to name another file: that of the file itself
/// and of each symbolic link on the way; where the path ends nowhere, the last folder that is there.
[[nodiscard]] std::set<std::string> folders_on_the_way_to(const std::string& path);

/// Watches those folders. A file itself is never watched: the watch would stay with the file that was renamed
/// or deleted. Threads: one.
class FolderWatch {
 public:
  explicit FolderWatch(std::string path);
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;
  ~FolderWatch();

  /// Readable when something has happened; negative: the system cannot tell (no inotify, or its limits are
  /// reached, or a folder may not be read).
  [[nodiscard]] int descriptor() const noexcept { return complete_ ? descriptor_ : -1; }

  /// Makes the descriptor wait for the next event, and watches the folders that the path leads through now.
  void renew();

 private:
  const std::string path_;
  int descriptor_ = -1;
  std::set<int> watches_;
  bool complete_ = false;
};

}  // namespace switchgear::config
