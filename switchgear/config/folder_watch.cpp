#include "switchgear/config/folder_watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
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
constexpr std::uint32_t events_of_file = IN_MODIFY | IN_CLOSE_WRITE;

/// A new file, and not another name of one that was there before.
bool is_plain_file(const std::string& path) noexcept {
  std::error_code error;
  return fs::symlink_status(path, error).type() == fs::file_type::regular &&
         fs::hard_link_count(path, error) == 1;
}

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
    : path_(std::move(path)),
      name_(fs::path(path_).filename().string()),
      descriptor_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  renew();
}

FolderWatch::~FolderWatch() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void FolderWatch::renew() {
  if (descriptor_ < 0) return;
  read_events();
  watch_folders();
  watch_file();
}

void FolderWatch::read_events() {
  alignas(inotify_event) std::array<char, 4096> told;
  for (;;) {
    const auto size = ::read(descriptor_, told.data(), told.size());
    if (size <= 0) return;
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      inotify_event event{};
      std::memcpy(&event, &told[at], sizeof event);
      const char* const name = &told[at + sizeof event];
      note(event.wd, event.mask, event.len == 0 ? std::string_view{} : std::string_view{name});
      at += sizeof event + event.len;
    }
  }
}

/// Of a file that a link leads to, only what happens to it itself is known: a folder's events name the link.
void FolderWatch::note(int watch, std::uint32_t mask, std::string_view name) noexcept {
  const bool events_are_missing = (mask & IN_Q_OVERFLOW) != 0;
  const bool of_file = watch == file_;
  if (!of_file && name != name_ && !events_are_missing) return;
  if (of_file && (mask & IN_MODIFY) != 0) modified_ = true;
  if (!of_file && (mask & IN_CREATE) != 0) created_ = is_plain_file(path_);
  if (events_are_missing || (mask & (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE)) != 0)
    created_ = modified_ = false;
}

void FolderWatch::watch_folders() {
  complete_ = true;
  std::set<int> now;
  for (const std::string& folder : folders_on_the_way_to(path_)) {
    const int watch = ::inotify_add_watch(descriptor_, folder.c_str(), events);
    watch < 0 ? static_cast<void>(complete_ = false) : static_cast<void>(now.insert(watch));
  }
  for (const int old : folders_) {
    if (!now.contains(old)) ::inotify_rm_watch(descriptor_, old);
  }
  folders_ = std::move(now);
}

void FolderWatch::watch_file() {
  std::error_code error;
  const bool is_file = fs::is_regular_file(path_, error);
  const int now = is_file ? ::inotify_add_watch(descriptor_, path_.c_str(), events_of_file) : -1;
  if (now == file_) return;
  if (file_ >= 0) ::inotify_rm_watch(descriptor_, file_);  // fails for one that is gone, which does no harm
  file_ = now;
  modified_ = false;
}

}  // namespace switchgear::config
