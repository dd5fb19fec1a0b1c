#include "app/serve/background_sink.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace switchgear::serve {
namespace {

/// The smallest pipe that there is. As in the gateway, one without a reader is an error of write().
class Pipe {
 public:
  Pipe() {
    std::signal(SIGPIPE, SIG_IGN);
    EXPECT_EQ(::pipe2(ends_.data(), O_CLOEXEC), 0);
    EXPECT_GT(::fcntl(ends_[1], F_SETPIPE_SZ, 4096), 0);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() { ::close(ends_[0]); }  // a write that hangs ends by it

  [[nodiscard]] int in() const { return ends_[1]; }
  /// Everything up to a line that is `last`, as lines.
  [[nodiscard]] std::vector<std::string> lines_to(const std::string& last) const {
    std::vector<std::string> lines{""};
    std::array<char, 4096> bytes{};
    for (;;) {
      const ssize_t got = ::read(ends_[0], bytes.data(), bytes.size());
      if (got <= 0) return lines;
      for (const char c : std::string{bytes.data(), static_cast<std::size_t>(got)}) {
        if (c != '\n') {
          lines.back() += c;
        } else if (lines.back() == last) {
          return lines;
        } else {
          lines.emplace_back();
        }
      }
    }
  }

 private:
  std::array<int, 2> ends_{};
};

[[nodiscard]] std::shared_ptr<BackgroundSink> sink_to(const Pipe& pipe, std::size_t room) {
  auto sink = std::make_shared<BackgroundSink>(pipe.in(), room);
  sink->set_pattern("%v");
  return sink;
}

TEST(BackgroundSink, HasWrittenEveryLineInOrderWhenItEnds) {
  const Pipe pipe;
  {
    spdlog::logger log{"test", sink_to(pipe, 100'000)};
    for (int i = 0; i < 100; ++i) log.info("line {}", i);
  }
  const std::vector<std::string> lines = pipe.lines_to("line 99");
  ASSERT_EQ(lines.size(), 100U);
  EXPECT_EQ(lines.front(), "line 0");
}

TEST(BackgroundSink, HoldsUpNoCallerAndCountsWhatItDropsWhileNothingIsRead) {
  constexpr std::uint64_t all = 20'000;
  const Pipe pipe;
  const auto sink = sink_to(pipe, 10'000);
  spdlog::logger log{"test", sink};
  for (std::uint64_t i = 1; i <= all; ++i) log.info("line {}", i);
  sink->set_pattern("%l %v");
  log.info("last");
  const std::uint64_t lost = sink->lost();
  EXPECT_GT(lost, 0U);
  EXPECT_FALSE(sink->wait_until_written(std::chrono::milliseconds{0}));

  const std::vector<std::string> lines = pipe.lines_to("info last");
  std::uint64_t told = 0;
  for (const std::string& line : lines) {
    const std::size_t notice = line.find("log: ");
    if (notice != std::string::npos) told += std::strtoull(line.c_str() + notice + 5, nullptr, 10);
  }
  EXPECT_EQ(told, lost);
  EXPECT_EQ(lines[lines.size() - 2], "line " + std::to_string(all)) << "the newest are kept";
  EXPECT_TRUE(sink->wait_until_written(std::chrono::seconds{10}));
  EXPECT_EQ(sink->lost(), lost);
}

TEST(BackgroundSink, EndsWithoutAReader) {
  const Pipe pipe;
  auto sink = sink_to(pipe, 10'000);
  spdlog::logger{"test", sink}.info("{}", std::string(9'000, 'x'));
  const auto began = std::chrono::steady_clock::now();
  sink.reset();
  EXPECT_GE(std::chrono::steady_clock::now() - began, BackgroundSink::patience);
}

TEST(BackgroundSink, CountsWhatAClosedPipeRefuses) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  ::close(ends[0]);
  std::signal(SIGPIPE, SIG_IGN);
  const auto sink = std::make_shared<BackgroundSink>(ends[1]);
  spdlog::logger{"test", sink}.info("unread");
  EXPECT_TRUE(sink->wait_until_written(std::chrono::seconds{10}));
  EXPECT_EQ(sink->lost(), 1U);
  ::close(ends[1]);
}

}  // namespace
}  // namespace switchgear::serve
