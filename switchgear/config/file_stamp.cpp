#include "switchgear/config/file_stamp.hpp"

#include <sys/stat.h>

namespace switchgear::config {

FileStamp FileStamp::of(const std::string& path) noexcept {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return {};
  return {found.st_mtim.tv_sec, found.st_mtim.tv_nsec, found.st_size, found.st_ino, found.st_dev};
}

}  // namespace switchgear::config
