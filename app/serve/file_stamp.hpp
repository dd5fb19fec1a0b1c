// What tells that a file has been replaced or rewritten.
#pragma once

#include <sys/stat.h>

#include <string>
#include <tuple>

namespace switchgear::serve {

/// A file's metadata, as of its construction; that of a missing file equals that of any other missing file.
class FileStamp {
 public:
  explicit FileStamp(const std::string& path) {
    struct stat found {};
    if (::stat(path.c_str(), &found) == 0)
      stamp_ = {found.st_mtim.tv_sec, found.st_mtim.tv_nsec, found.st_size, found.st_ino};
  }
  friend bool operator==(const FileStamp&, const FileStamp&) = default;

 private:
  std::tuple<time_t, long, off_t, ino_t> stamp_{};
};

}  // namespace switchgear::serve
