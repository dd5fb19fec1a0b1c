// Tells a running program that its policy file has changed, and what it says now.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "switchgear/config/config.hpp"
#include "switchgear/config/own_sections.hpp"
#include "switchgear/config/settling.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear::config {

class FolderWatch;

struct WatchOptions {
  /// A change counts when the file has looked the same for so long, and its writer has closed it; above 0s.
  /// Longer: for writers of another machine, of which it is not known whether they have closed it. A file
  /// that does not come to rest is read after 20 times this; one that its writer does not close, after 100
  /// times.
  Duration quiet = std::chrono::milliseconds{100};
  /// How often the file's metadata are looked at. Changes on this machine are noticed at once (inotify);
  /// those of a network file system, or where inotify's limits are reached, are noticed by looking. Above 0s.
  Duration look_every = std::chrono::seconds{1};
};

/// Calls `changed` when the file at a path has changed and come to rest: rewritten, replaced by a rename,
/// deleted, back again, or reached through a symbolic link that leads elsewhere now (a Kubernetes ConfigMap).
/// Compares metadata, not content: a file that was written with the same content has changed.
///
/// Threads: `changed` is called on a thread of the object's own, one call after the other. It must not throw,
/// and must not destroy the object. After the destructor it is not called any more; a call under way is
/// waited for. Never polls in a loop: sleeps until the system tells of an event in a folder, or until
/// `look_every`.
class FileChanges {
 public:
  /// Changes count from here on. Throws std::invalid_argument if the options are out of range, and
  /// std::system_error if the system has no descriptor or thread left.
  FileChanges(std::string path, std::function<void()> changed, const WatchOptions& options = {});
  FileChanges(const FileChanges&) = delete;
  FileChanges& operator=(const FileChanges&) = delete;
  ~FileChanges();

 private:
  void run(Settling settling);

  const std::string path_;
  const std::function<void()> changed_;
  const WatchOptions options_;
  std::unique_ptr<FolderWatch> folders_;
  const int stop_;  ///< an eventfd
  std::thread thread_;
};

/// Loads the file whenever it has changed.
///
///     FileWatcher watcher{"policies.yaml", [&](const Loaded& file) {
///       if (!file.config) return log(file.errors);            // keep what there is
///       replace_policies(*file.config);
///     }};
///     const Loaded first = load_file("policies.yaml");        // after: so that no change falls in between
///
/// A deleted file is loaded too, with an error that says so. Threads and lifetime: as FileChanges.
class FileWatcher {
 public:
  FileWatcher(const std::string& path, std::function<void(const Loaded&)> loaded,
              const WatchOptions& options = {}, const OwnSections& sections = {})
      : changes_(
            path,
            [path, loaded = std::move(loaded), sections] {
              loaded(load_file(path, FileKind::regular, sections));
            },
            options) {}

 private:
  FileChanges changes_;
};

}  // namespace switchgear::config
