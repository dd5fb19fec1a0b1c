#include "app/gateway/access/access_log.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace switchgear::gateway {
namespace {

using namespace std::chrono_literals;

std::size_t pipe_size(int descriptor) { return static_cast<std::size_t>(::fcntl(descriptor, F_GETPIPE_SZ)); }

class AccessLogTest : public testing::Test {
 protected:
  AccessLogTest() {
    std::string place = (std::filesystem::temp_directory_path() / "switchgear-access-XXXXXX").string();
    if (::mkdtemp(place.data()) == nullptr) throw std::runtime_error{"no temporary directory"};
    directory_ = place;
    options.file = path("access.log");
  }
  ~AccessLogTest() override { std::filesystem::remove_all(directory_); }

  [[nodiscard]] std::string path(const std::string& name) const { return directory_ + "/" + name; }
  [[nodiscard]] std::string text_of(const std::string& name) const {
    std::ifstream file{path(name)};
    return {std::istreambuf_iterator<char>{file}, {}};
  }
  /// Waits for what the writer does.
  template <class So>
  static bool eventually(So so) {
    const auto end = std::chrono::steady_clock::now() + 60s;
    while (!so()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(1ms);
    }
    return true;
  }

  AccessOptions options;

 private:
  std::string directory_;
};

TEST_F(AccessLogTest, WritesTheLinesOfAllThreadsAndWhatIsLeftAtTheEnd) {
  AccessLog log{options, 2};
  log.ring(0)->push("one\n");
  EXPECT_TRUE(eventually([&] { return text_of("access.log") == "one\n"; })) << "soon, without being asked";
  log.ring(1)->push("two\n");
  log.ring(0)->push("three\n");
  log.close(60s);
  EXPECT_EQ(text_of("access.log").size(), std::string{"one\ntwo\nthree\n"}.size());
  EXPECT_EQ(log.counts().written, 3U);
  EXPECT_EQ(log.counts().lost, 0U);
}

TEST_F(AccessLogTest, MakesAFileThatOthersCannotReadAndAppendsToOneThatIsThere) {
  const mode_t before = ::umask(0);
  AccessLog{options, 1}.ring(0)->push("one\n");
  ::umask(before);
  struct stat file {};
  ASSERT_EQ(::stat(options.file.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777U, 0640U);
  AccessLog{options, 1}.ring(0)->push("two\n");
  EXPECT_EQ(text_of("access.log"), "one\ntwo\n");
}

TEST_F(AccessLogTest, SaysWhichFileItCannotOpen) {
  options.file = path("absent/access.log");
  try {
    const AccessLog log{options, 1};
    FAIL() << "it was opened";
  } catch (const std::system_error& error) {
    EXPECT_NE(std::string{error.what()}.find(options.file), std::string::npos) << error.what();
    EXPECT_EQ(error.code().value(), ENOENT);
  }
}

TEST_F(AccessLogTest, DoesNotWaitForSomebodyToReadAPipe) {
  ASSERT_EQ(::mkfifo(options.file.c_str(), S_IRUSR | S_IWUSR), 0);
  EXPECT_THROW((AccessLog{options, 1}), std::system_error);
}

TEST_F(AccessLogTest, LosesNoLineWhenItsFileIsMovedAwayWhileThreadsLog) {
  AccessLog log{options, 2};
  constexpr int lines = 30'000;
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < 2; ++thread) {
    threads.emplace_back([&log, thread] {
      for (int i = 0; i < lines; ++i) {
        const std::string line = std::to_string(thread) + " " + std::to_string(i) + "\n";
        while (!log.ring(thread)->push(line)) std::this_thread::yield();
      }
    });
  }
  for (int turn = 0; turn < 5; ++turn) {
    std::filesystem::rename(path("access.log"), path("old." + std::to_string(turn)));
    log.reopen();
    ASSERT_TRUE(eventually([&] { return std::filesystem::exists(path("access.log")); }));
  }
  for (std::thread& each : threads) each.join();
  log.close(60s);
  std::array<int, 2> next{};
  std::string all;
  for (int turn = 0; turn < 5; ++turn) all += text_of("old." + std::to_string(turn));
  all += text_of("access.log");
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = all.find('\n', at);
    ASSERT_NE(end, std::string::npos);
    const std::size_t thread = all[at] == '0' ? 0 : 1;
    ASSERT_EQ(all.substr(at + 2, end - at - 2), std::to_string(next[thread]))
        << "each line once, and in order";
    ++next[thread];
    at = end + 1;
  }
  EXPECT_EQ(next[0], lines);
  EXPECT_EQ(next[1], lines);
}

TEST_F(AccessLogTest, GoesOnWithTheOldFileIfTheNewOneCannotBeOpened) {
  AccessLog log{options, 1};
  std::filesystem::rename(path("access.log"), path("old"));
  std::filesystem::create_directory(path("access.log"));
  log.reopen();
  EXPECT_TRUE(eventually([&] { return log.counts().reopen_error == EISDIR; }));
  log.ring(0)->push("still\n");
  EXPECT_TRUE(eventually([&] { return text_of("old") == "still\n"; }));
  std::filesystem::remove(path("access.log"));
  log.reopen();
  EXPECT_TRUE(eventually([&] { return log.counts().reopen_error == 0; }));
}

TEST_F(AccessLogTest, CountsWhatASlowReaderLeavesNoRoomForAndDoesNotWaitForItAtTheEnd) {
  ASSERT_EQ(::mkfifo(options.file.c_str(), S_IRUSR | S_IWUSR), 0);
  const int reader = ::open(options.file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  const std::string line = std::string(1023, 'x') + "\n";
  constexpr std::size_t ring = 64 * 1024;
  AccessLog log{options, 1, ring};
  std::uint64_t pushed = 0;
  while (log.ring(0)->lost() < 10) {  // the pipe has room for 64 KiB
    (void)log.ring(0)->push(line);
    if (++pushed % 64 == 0) std::this_thread::yield();
  }
  log.close(1ms);
  const AccessCounts counts = log.counts();
  EXPECT_GE(counts.lost, 10U);
  EXPECT_EQ(counts.written + counts.lost, pushed) << "each line once";
  ::close(reader);  // which ends the write that hangs
}

TEST_F(AccessLogTest, IsOpenedAnewThoughLinesComeFasterThanTheyAreWritten) {
  ASSERT_EQ(::mkfifo(options.file.c_str(), S_IRUSR | S_IWUSR), 0);
  const int reader = ::open(options.file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  constexpr std::size_t ring = 4096;
  constexpr std::size_t rings = 8;  // while the writer waits for room, those that it has emptied are filled
  AccessLog log{options, rings, ring};
  std::atomic<bool> done{false};
  std::thread pushing{[&] {
    for (std::size_t i = 0; !done; ++i) (void)log.ring(i % rings)->push(std::string(255, 'x') + "\n");
  }};
  std::size_t read = 0;
  const auto read_slowly = [&] {
    std::array<char, ring> some{};
    const ssize_t got = ::read(reader, some.data(), some.size());
    if (got > 0) read += static_cast<std::size_t>(got);
  };
  EXPECT_TRUE(eventually([&] {
    read_slowly();
    return read > 2 * pipe_size(reader);
  }));
  std::filesystem::rename(path("access.log"), path("old"));
  read = 0;
  log.reopen();
  const std::size_t most = pipe_size(reader) + 2 * rings * ring;  // the round under way, and one more
  EXPECT_TRUE(eventually([&] {
    read_slowly();
    return std::filesystem::exists(path("access.log")) || read > most;
  }));
  EXPECT_LE(read, most) << "bytes that still went to the old file";
  done = true;
  pushing.join();
  ::close(reader);
}

TEST_F(AccessLogTest, WritesLinesOfAnyLengthWholeAndInTheirOrder) {
  constexpr std::size_t ring = 4 * AccessLog::piece;
  AccessLog log{options, 1, ring};
  std::string all;
  for (std::size_t i = 0; i < 2'000; ++i) {
    const std::size_t length = i % 50 == 0 ? 2 * AccessLog::piece : i * 7919 % 1000;
    const std::string line = std::to_string(i) + std::string(length, 'x') + "\n";
    while (!log.ring(0)->push(line)) std::this_thread::yield();
    all += line;
  }
  log.close(60s);
  EXPECT_TRUE(text_of("access.log") == all) << "they differ";
  EXPECT_EQ(log.counts().written, 2'000U);
}

TEST_F(AccessLogTest, EndsByItselfOnceItIsToldTo) {
  AccessLog log{options, 1};
  log.ring(0)->push("last\n");
  log.finish();
  EXPECT_TRUE(eventually([&] { return log.ended(); }));
  EXPECT_EQ(text_of("access.log"), "last\n");
}

/// With a limit of file sizes in place of a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : signal_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, signal_);
  }

 private:
  rlimit before_{};
  void (*signal_)(int);
};

TEST_F(AccessLogTest, KeepsWholeLinesOnAFullDiskCountsTheOthersAndGoesOnWhenThereIsRoom) {
  AccessLog log{options, 1};
  {
    const FileSizeLimit limit{1000};
    for (int i = 0; i < 20; ++i) log.ring(0)->push(std::string(99, 'a') + "\n");
    ASSERT_TRUE(eventually([&] { return log.counts().written + log.counts().lost == 20; }));
    EXPECT_EQ(log.counts().written, 10U);
    EXPECT_EQ(log.counts().error, EFBIG);
    log.ring(0)->push(std::string(50, 'b') + "\n");
    ASSERT_TRUE(eventually([&] { return log.counts().lost == 11; }));
  }
  log.ring(0)->push("room again\n");
  log.close(60s);
  EXPECT_EQ(log.counts().error, 0);
  const std::string text = text_of("access.log");
  EXPECT_EQ(text.size(), 1000U + 11U);
  EXPECT_TRUE(text.ends_with("a\nroom again\n"));
}

TEST_F(AccessLogTest, CutsOffTheLineOfWhichAFullDiskTookAPart) {
  AccessLog log{options, 1};
  {
    const FileSizeLimit limit{1050};
    for (int i = 0; i < 20; ++i) log.ring(0)->push(std::string(99, 'a') + "\n");
    ASSERT_TRUE(eventually([&] { return log.counts().written + log.counts().lost == 20; }));
  }
  log.ring(0)->push("next\n");
  log.close(60s);
  const std::string text = text_of("access.log");
  EXPECT_EQ(text.size() % 100, 5U) << text;
  EXPECT_TRUE(text.ends_with("a\nnext\n"));
}

}  // namespace
}  // namespace switchgear::gateway
