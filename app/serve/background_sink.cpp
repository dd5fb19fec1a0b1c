#include "app/serve/background_sink.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <spdlog/details/log_msg.h>
#include <spdlog/pattern_formatter.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string_view>
#include <utility>

namespace switchgear::serve {

namespace {

/// All of it, however long that takes. False: the descriptor refuses it.
[[nodiscard]] bool write_all(int descriptor, std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const ssize_t got = ::write(descriptor, bytes.data(), bytes.size());
    if (got > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(got));
    } else if (got < 0 && errno == EAGAIN) {  // a pipe that another process has set so
      pollfd room{descriptor, POLLOUT, 0};
      (void)::poll(&room, 1, -1);
    } else if (got == 0 || errno != EINTR) {
      return false;
    }
  }
  return true;
}

}  // namespace

struct BackgroundSink::State {
  State(int to, std::size_t bytes) : descriptor(to), room(bytes) {}

  [[nodiscard]] bool idle() const noexcept { return lines.empty() && !writing; }
  [[nodiscard]] std::string text_of(const spdlog::details::log_msg& message) {
    spdlog::memory_buf_t text;
    formatter->format(message, text);
    return {text.data(), text.size()};
  }
  void put(std::string line) {
    waiting += line.size();
    lines.push_back(std::move(line));
    while (waiting > room && lines.size() > 1) {
      (void)take();
      ++lost;
    }
  }
  [[nodiscard]] std::string take() {
    std::string line = std::move(lines.front());
    lines.pop_front();
    waiting -= line.size();
    return line;
  }
  /// Empty: nothing was lost since the last time.
  [[nodiscard]] std::string notice() {
    if (lost == told) return {};
    const std::string text =
        fmt::format("log: {} lines were lost here, because stderr took nothing", lost - told);
    return text_of({"switchgear", spdlog::level::warn, text});
  }
  void run();

  const int descriptor;
  const std::size_t room;
  std::mutex mutex;  ///< guards what follows
  std::condition_variable changed;
  std::unique_ptr<spdlog::formatter> formatter = std::make_unique<spdlog::pattern_formatter>();
  std::deque<std::string> lines;
  std::size_t waiting = 0;  ///< bytes of `lines`
  std::uint64_t lost = 0;
  std::uint64_t told = 0;  ///< of `lost`
  bool writing = false;
  bool ending = false;
};

void BackgroundSink::State::run() {
  std::unique_lock lock{mutex};
  for (;;) {
    changed.wait(lock, [this] { return !lines.empty() || ending; });
    if (lines.empty()) return;
    const std::uint64_t lost_before = lost;
    const std::string before = notice();
    const std::string line = take();
    writing = true;
    lock.unlock();
    const bool said = write_all(descriptor, before);
    const bool written = write_all(descriptor, line);
    lock.lock();
    writing = false;
    if (said) told = lost_before;
    if (!written) ++lost;
    if (lines.empty()) changed.notify_all();
  }
}

BackgroundSink::BackgroundSink(int descriptor, std::size_t room)
    : state_(std::make_shared<State>(descriptor, room)), thread_([state = state_] {
        ::pthread_setname_np(::pthread_self(), "log");
        state->run();
      }) {}

BackgroundSink::~BackgroundSink() {
  {
    const std::lock_guard lock{state_->mutex};
    state_->ending = true;
  }
  state_->changed.notify_all();
  wait_until_written(patience) ? thread_.join() : thread_.detach();
}

void BackgroundSink::log(const spdlog::details::log_msg& message) {
  const std::lock_guard lock{state_->mutex};
  state_->put(state_->text_of(message));
  state_->changed.notify_all();
}

void BackgroundSink::set_pattern(const std::string& pattern) {
  set_formatter(std::make_unique<spdlog::pattern_formatter>(pattern));
}

void BackgroundSink::set_formatter(std::unique_ptr<spdlog::formatter> formatter) {
  const std::lock_guard lock{state_->mutex};
  state_->formatter = std::move(formatter);
}

bool BackgroundSink::wait_until_written(std::chrono::milliseconds at_most) const {
  std::unique_lock lock{state_->mutex};
  return state_->changed.wait_for(lock, at_most, [this] { return state_->idle(); });
}

std::uint64_t BackgroundSink::lost() const {
  const std::lock_guard lock{state_->mutex};
  return state_->lost;
}

}  // namespace switchgear::serve
