#include "switchgear/config/folder_watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <system_error>
#include <utility>

namespace switchgear::config {

namespace fs = std::filesystem;

namespace {

constexpr int most_links = 40;  // as Linux has it
// Without IN_MODIFY: a log file in the folder would wake its watcher with every line.
constexpr std::uint32_t events = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CLOSE_WRITE |
                                 IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

}  // namespace

std::set<std::string> folders_on_the_way_to(const std::string& path) {
  std::set<std::string> folders;
  std::error_code error;
  const fs::path whole = fs::absolute(path, error);
  fs::path here = whole.root_path();
  const fs::path first = whole.relative_path();
  std::deque<fs::path> rest(first.begin(), first.end());
  for (int links = 0; !rest.empty() && links < most_links;) {
    const fs::path next = std::move(rest.front());
    rest.pop_front();
    if (next.empty() || next == ".") continue;
    if (next == "..") {
      here = here.parent_path();
      continue;
    }
    const fs::file_type type = fs::symlink_status(here / next, error).type();
    if (type == fs::file_type::symlink) {
      folders.insert(here.string());
      const fs::path target = fs::read_symlink(here / next, error);
      if (error) return folders;
      const fs::path through = target.relative_path();
      rest.insert(rest.begin(), through.begin(), through.end());
      if (target.is_absolute()) here = target.root_path();
      ++links;
    } else if (type != fs::file_type::directory) {
      folders.insert(here.string());
      return folders;
    } else {
      here /= next;
    }
  }
  folders.insert(here.string());
  return folders;
}

FolderWatch::FolderWatch(std::string path)
    : path_(std::move(path)), descriptor_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  renew();
}

FolderWatch::~FolderWatch() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void FolderWatch::renew() {
  if (descriptor_ < 0) return;
  alignas(inotify_event) std::array<char, 4096> told;
  while (::read(descriptor_, told.data(), told.size()) > 0) {
  }
  complete_ = true;
  std::set<int> now;
  for (const std::string& folder : folders_on_the_way_to(path_)) {
    const int watch = ::inotify_add_watch(descriptor_, folder.c_str(), events);
    watch < 0 ? static_cast<void>(complete_ = false) : static_cast<void>(now.insert(watch));
  }
  for (const int old : watches_) {
    if (!now.contains(old)) ::inotify_rm_watch(descriptor_, old);
  }
  watches_ = std::move(now);
}

}  // namespace switchgear::config
