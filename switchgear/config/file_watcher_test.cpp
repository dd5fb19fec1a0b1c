#include "switchgear/config/file_watcher.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>

#include "switchgear/config/folder_watch.hpp"
#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::config {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

std::string file_with_timeout(int seconds) {
  return "version: 1\npolicies: {p: {timeout: " + std::to_string(seconds) + "s}}\n";
}

/// What a watcher has called back with.
class Heard {
 public:
  void operator()(const Loaded& loaded) {
    const std::lock_guard lock{mutex_};
    last_ = loaded;
    ++times_;
    told_.notify_all();
  }

  /// Whether the file that was loaded last came to have this timeout, within a minute.
  bool timeout_of(int seconds) {
    return comes([&] {
      return last_ && last_->config && last_->config->policies.contains("p") &&
             last_->config->policies.at("p").timeout == std::chrono::seconds{seconds};
    });
  }
  bool error(const std::string& text) {
    return comes([&] {
      return last_ && !last_->errors.empty() && last_->errors[0].message.find(text) != std::string::npos;
    });
  }
  int times() {
    const std::lock_guard lock{mutex_};
    return times_;
  }

 private:
  template <class Condition>
  bool comes(Condition condition) {
    std::unique_lock lock{mutex_};
    return told_.wait_for(lock, 1min, condition);
  }

  std::mutex mutex_;
  std::condition_variable told_;
  std::optional<Loaded> last_;
  int times_ = 0;
};

/// Metadata are looked at once an hour: whatever is noticed, inotify has told of.
constexpr WatchOptions by_events{.quiet = 20ms, .look_every = 1h};

class FileWatcherTest : public testing::Test {
 protected:
  FileWatcher watch(const WatchOptions& options = by_events) {
    return FileWatcher{path_, [this](const Loaded& loaded) { heard_(loaded); }, options};
  }
  [[nodiscard]] std::string in(const std::string& name) const { return directory_.path() + "/" + name; }

  const TemporaryDirectory directory_;
  const std::string path_ = directory_.write("policies.yaml", file_with_timeout(1));
  Heard heard_;
};

TEST_F(FileWatcherTest, LoadsAFileThatIsWrittenAnew) {
  const FileWatcher watcher = watch();
  directory_.write("policies.yaml", file_with_timeout(20));
  EXPECT_TRUE(heard_.timeout_of(20));
  directory_.write("policies.yaml", file_with_timeout(300));
  EXPECT_TRUE(heard_.timeout_of(300));
}

TEST_F(FileWatcherTest, LoadsAFileThatARenamePutsInItsPlace) {
  const FileWatcher watcher = watch();
  for (const int seconds : {2, 3}) {
    fs::rename(directory_.write("next", file_with_timeout(seconds)), path_);
    EXPECT_TRUE(heard_.timeout_of(seconds));
  }
}

TEST_F(FileWatcherTest, FollowsASwapOfLinksAsKubernetesMakesIt) {
  fs::create_directory(in("..1"));
  fs::create_directory(in("..2"));
  directory_.write("..1/policies.yaml", file_with_timeout(1));
  directory_.write("..2/policies.yaml", file_with_timeout(2));
  fs::create_directory_symlink("..1", in("..data"));
  fs::remove(path_);
  fs::create_symlink("..data/policies.yaml", path_);

  const FileWatcher watcher = watch();
  fs::create_directory_symlink("..2", in("..data_tmp"));
  fs::rename(in("..data_tmp"), in("..data"));
  fs::remove_all(in("..1"));
  EXPECT_TRUE(heard_.timeout_of(2));
  directory_.write("..2/policies.yaml", file_with_timeout(30));
  EXPECT_TRUE(heard_.timeout_of(30)) << "the new folder is watched";
}

TEST_F(FileWatcherTest, FollowsALinkIntoAnotherFolder) {
  const TemporaryDirectory elsewhere;
  const std::string real = elsewhere.write("real.yaml", file_with_timeout(1));
  fs::remove(path_);
  fs::create_symlink(real, path_);
  const FileWatcher watcher = watch();
  elsewhere.write("real.yaml", file_with_timeout(20));
  EXPECT_TRUE(heard_.timeout_of(20));
}

/// The first half is a valid file, and rests for longer than `quiet`: another file, changed twice after it,
/// has been loaded twice meanwhile.
TEST_F(FileWatcherTest, WaitsUntilTheWriterHasClosedTheFile) {
  constexpr WatchOptions often{.quiet = 20ms, .look_every = 10ms};
  const std::string other = directory_.write("other.yaml", file_with_timeout(1));
  for (const bool anew : {false, true}) {
    if (anew) fs::remove(path_);
    const FileWatcher watcher = watch(often);
    Heard meanwhile;
    const FileWatcher beside{other, [&meanwhile](const Loaded& loaded) { meanwhile(loaded); }, often};
    const int loads = heard_.times();
    std::ofstream out(path_);
    out << "version: 1\n" << std::flush;
    for (const int seconds : {50, 600}) {
      directory_.write("other.yaml", file_with_timeout(seconds));
      EXPECT_TRUE(meanwhile.timeout_of(seconds));
    }
    EXPECT_EQ(heard_.times(), loads) << "anew: " << anew;
    out << "policies: {p: {timeout: " << (anew ? 20 : 30) << "s}}\n";
    out.close();
    EXPECT_TRUE(heard_.timeout_of(anew ? 20 : 30)) << "anew: " << anew;
  }
}

TEST_F(FileWatcherTest, DoesNotWaitForEverForAWriter) {
  const FileWatcher watcher = watch();
  std::ofstream out(path_);
  out << file_with_timeout(20) << std::flush;
  EXPECT_TRUE(heard_.timeout_of(20));
}

TEST_F(FileWatcherTest, TellsOfADeletedFileAndOfItsReturn) {
  const FileWatcher watcher = watch();
  fs::remove(path_);
  EXPECT_TRUE(heard_.error("No such file"));
  directory_.write("policies.yaml", file_with_timeout(2));
  EXPECT_TRUE(heard_.timeout_of(2));
}

TEST_F(FileWatcherTest, SurvivesThatTheWholeFolderGoesAndComesBack) {
  fs::create_directory(in("etc"));
  const std::string path = directory_.write("etc/policies.yaml", file_with_timeout(1));
  const FileWatcher watcher{path, [this](const Loaded& loaded) { heard_(loaded); }, by_events};
  fs::remove_all(in("etc"));
  EXPECT_TRUE(heard_.error("No such file"));
  fs::create_directory(in("etc"));
  directory_.write("etc/policies.yaml", file_with_timeout(2));
  EXPECT_TRUE(heard_.timeout_of(2));
}

TEST_F(FileWatcherTest, SaysWhatIsWrongWithAFile) {
  const FileWatcher watcher = watch();
  directory_.write("policies.yaml", "version: 1\npolicies: {p: {timeout: 5}}\n");
  EXPECT_TRUE(heard_.error("\"5\" has no unit"));
  directory_.write("policies.yaml", file_with_timeout(5));
  EXPECT_TRUE(heard_.timeout_of(5));
}

TEST_F(FileWatcherTest, DoesNotCallForOtherFilesOfTheFolder) {
  const FileWatcher watcher = watch();
  for (int i = 0; i < 100; ++i) directory_.write("other.yaml", std::to_string(i));
  directory_.write("policies.yaml", file_with_timeout(20));
  EXPECT_TRUE(heard_.timeout_of(20));
  EXPECT_EQ(heard_.times(), 1);
}

TEST_F(FileWatcherTest, NoticesByLookingWhereTheSystemTellsNothing) {
  // Rewritten without being closed: none of the events that are listened to.
  std::ofstream open(path_, std::ios::binary | std::ios::app);
  const FileWatcher watcher = watch({.quiet = 20ms, .look_every = 20ms});
  open << "# more\n" << std::flush;
  EXPECT_TRUE(heard_.timeout_of(1));
}

TEST_F(FileWatcherTest, IsNotCalledAfterItsEnd) {
  watch();
  directory_.write("policies.yaml", file_with_timeout(20));
  EXPECT_EQ(heard_.times(), 0);
}

TEST_F(FileWatcherTest, RefusesToLookAllTheTime) {
  EXPECT_THROW(watch({.look_every = 0s}), std::invalid_argument);
  EXPECT_THROW(watch({.quiet = 0s}), std::invalid_argument);
}

TEST(FoldersOnTheWay, AreThoseOfTheFileAndOfEachLink) {
  const TemporaryDirectory directory;
  const fs::path root = fs::canonical(directory.path());
  fs::create_directories(root / "a" / "b");
  directory.write("a/b/file", "");
  fs::create_directory_symlink("a", root / "link");
  using Folders = std::set<std::string>;
  EXPECT_EQ(folders_on_the_way_to(root / "a/b/file"), Folders{root / "a/b"});
  EXPECT_EQ(folders_on_the_way_to(root / "link/b/file"), (Folders{root, root / "a/b"}));
  EXPECT_EQ(folders_on_the_way_to(root / "link/../a/b/file"), (Folders{root, root / "a/b"}));
  EXPECT_EQ(folders_on_the_way_to(root / "a/c/d/file"), Folders{root / "a"}) << "where the path ends";
}

TEST(FoldersOnTheWay, EndInACircleOfLinks) {
  const TemporaryDirectory directory;
  const fs::path root = fs::canonical(directory.path());
  fs::create_symlink("two", root / "one");
  fs::create_symlink("one", root / "two");
  EXPECT_EQ(folders_on_the_way_to(root / "one"), std::set<std::string>{root});
}

}  // namespace
}  // namespace switchgear::config
