// Metadata that show whether a file was replaced or rewritten.
#pragma once

#include <cstdint>
#include <string>

namespace switchgear::config {

/// A file's metadata. Those of two missing files are equal.
struct FileStamp {
  std::int64_t seconds = 0;  ///< of the last modification
  std::int64_t nanoseconds = 0;
  std::int64_t size = -1;  ///< bytes; -1: the file is missing
  std::uint64_t inode = 0;
  std::uint64_t device = 0;

  /// As it is now; of the file that a symbolic link leads to.
  [[nodiscard]] static FileStamp of(const std::string& path) noexcept;

  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

}  // namespace switchgear::config
