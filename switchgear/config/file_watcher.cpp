#include "switchgear/config/file_watcher.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <system_error>
#include <utility>

#include "switchgear/config/file_stamp.hpp"
#include "switchgear/config/folder_watch.hpp"
#include "switchgear/core/raise.hpp"

namespace switchgear::config {

namespace {

/// Pause after an event: in a folder full of activity, the thread wakes 50 times a second at most.
constexpr Duration pause = std::chrono::milliseconds{20};

int make_eventfd() {
  const int descriptor = ::eventfd(0, EFD_CLOEXEC);
  if (descriptor < 0) throw std::system_error(errno, std::system_category(), "eventfd");
  return descriptor;
}

void require_valid(const WatchOptions& options) {
  if (options.quiet <= Duration::zero() || options.look_every <= Duration::zero())
    switchgear::detail::raise_invalid("watch: quiet and look_every must be above 0s");
}

enum class Woken : std::uint8_t { to_stop, to_look };

/// Until `stop` is readable, or `events` (unless negative), or `length` is over.
Woken sleep_for(Duration length, int stop, int events) {
  std::array<pollfd, 2> waited{pollfd{stop, POLLIN, 0}, pollfd{events, POLLIN, 0}};
  const auto whole = std::chrono::ceil<std::chrono::milliseconds>(length).count();
  const int ready =
      ::poll(waited.data(), waited.size(), static_cast<int>(std::clamp<std::int64_t>(whole, 0, 86'400'000)));
  return ready > 0 && waited[0].revents != 0 ? Woken::to_stop : Woken::to_look;
}

}  // namespace

FileChanges::FileChanges(std::string path, std::function<void()> changed, const WatchOptions& options)
    : path_(std::move(path)),
      changed_(std::move(changed)),
      options_(options),
      folders_(std::make_unique<FolderWatch>(path_)),
      stop_(make_eventfd()) {
  try {
    require_valid(options_);
    thread_ = std::thread{&FileChanges::run, this, Settling{FileStamp::of(path_), options_.quiet}};
  } catch (...) {
    ::close(stop_);
    throw;
  }
}

FileChanges::~FileChanges() {
  const std::uint64_t one = 1;
  static_cast<void>(::write(stop_, &one, sizeof one));  // cannot fail: the counter is 0
  thread_.join();
  ::close(stop_);
}

void FileChanges::run(Settling settling) {
  for (;;) {
    folders_->renew();  // before the look: what happens after it wakes the thread
    const TimePoint now = std::chrono::steady_clock::now();
    const auto writer = folders_->being_written() ? Settling::Writer::at_work : Settling::Writer::unknown;
    if (settling.look(FileStamp::of(path_), now, writer)) changed_();
    Duration length = options_.look_every;
    if (const auto due = settling.due()) length = std::min(length, *due - now);
    if (sleep_for(length, stop_, folders_->descriptor()) == Woken::to_stop) return;
    if (sleep_for(pause, stop_, -1) == Woken::to_stop) return;
  }
}

}  // namespace switchgear::config
