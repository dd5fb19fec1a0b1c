// Hears of changes of a file, and in the folders that its path leads through. The only file that knows
// inotify.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace switchgear::config {

/// The folders in which something happens whenever `path` comes to name another file: that of the file itself
/// and of each symbolic link on the way; where the path ends nowhere, the last folder that is there.
[[nodiscard]] std::set<std::string> folders_on_the_way_to(const std::string& path);

/// Watches those folders, because a watch of the file itself would stay with one that was renamed or deleted;
/// and the file that is there now, to learn whether it is being written. Threads: one.
class FolderWatch {
 public:
  explicit FolderWatch(std::string path);
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;
  ~FolderWatch();

  /// Readable when something has happened; negative: the system cannot tell (no inotify, or its limits are
  /// reached, or a folder may not be read).
  [[nodiscard]] int descriptor() const noexcept { return complete_ ? descriptor_ : -1; }

  /// Makes the descriptor wait for the next event, and watches what the path leads through and to now.
  void renew();

  /// After renew(): a writer has made or changed the file, and has not closed it yet.
  [[nodiscard]] bool being_written() const noexcept { return created_ || modified_; }

 private:
  void read_events();
  void note(int watch, std::uint32_t mask, std::string_view name) noexcept;
  void watch_folders();
  void watch_file();

  const std::string path_;
  const std::string name_;  ///< the last part of the path
  int descriptor_ = -1;
  int file_ = -1;  ///< the watch of the file; -1: none
  std::set<int> folders_;
  bool complete_ = false;
  bool created_ = false, modified_ = false;  ///< and not closed since
};

}  // namespace switchgear::config
