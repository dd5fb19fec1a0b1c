#include "app/gateway/access/access_log.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <limits>
#include <string_view>
#include <utility>

namespace switchgear::gateway {

namespace {

constexpr auto everything = std::numeric_limits<std::size_t>::max();

[[nodiscard]] std::uint64_t lines_in(std::string_view text) noexcept {
  std::uint64_t count = 0;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n', end + 1))
    ++count;
  return count;
}

/// Of two parts, the first `size` bytes.
[[nodiscard]] std::uint64_t lines_in(const std::array<std::string_view, 2>& parts,
                                     std::size_t size) noexcept {
  const std::size_t in_first = std::min(size, parts[0].size());
  return lines_in(parts[0].substr(0, in_first)) + lines_in(parts[1].substr(0, size - in_first));
}

/// The whole lines within the first `size` bytes, and at least one line.
[[nodiscard]] std::array<std::string_view, 2> first_lines(const std::array<std::string_view, 2>& parts,
                                                          std::size_t size) noexcept {
  if (parts[0].size() + parts[1].size() <= size) return parts;
  // A line that goes round the end is left to the second part.
  std::size_t end = parts[0].rfind('\n', size);
  if (end == std::string_view::npos) end = parts[0].find('\n', size);
  if (end != std::string_view::npos) return {parts[0].substr(0, end + 1), {}};
  return {parts[0], parts[1].substr(0, parts[1].find('\n') + 1)};
}

/// Signals are for other threads; above all, a closed pipe and a limit of file sizes are errors of write().
void block_signals() noexcept {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
}

}  // namespace

AccessLog::AccessLog(const AccessOptions& options, std::size_t threads, std::size_t size_of_ring)
    : options_(options), state_(std::make_shared<State>(options.file)) {
  for (std::size_t i = 0; i < threads; ++i)
    state_->rings.push_back(std::make_shared<AccessRing>(size_of_ring));
  writer_ = std::thread{[state = state_] { state->run(); }};
}

void AccessLog::reopen() {
  const std::lock_guard lock{state_->mutex};
  state_->reopens = true;
  state_->changed.notify_all();
}

void AccessLog::finish() {
  const std::lock_guard lock{state_->mutex};
  state_->closes = true;
  state_->changed.notify_all();
}

bool AccessLog::ended() const {
  const std::lock_guard lock{state_->mutex};
  return state_->ended;
}

void AccessLog::close(Duration at_most) {
  if (!writer_.joinable()) return;
  finish();
  std::unique_lock lock{state_->mutex};
  if (state_->changed.wait_for(lock, at_most, [this] { return state_->ended; })) {
    lock.unlock();
    writer_.join();
    return;
  }
  // By the counters, because the bytes in the rings are still the writer's.
  std::uint64_t pushed = 0;
  for (const auto& ring : state_->rings) pushed += ring->pushed();
  state_->counts.lost = pushed - state_->counts.written;
  state_->given_up = true;
  lock.unlock();
  writer_.detach();
}

AccessCounts AccessLog::counts() const {
  AccessCounts counts;
  {
    const std::lock_guard lock{state_->mutex};
    counts = state_->counts;
  }
  for (const auto& ring : state_->rings) counts.lost += ring->lost();
  return counts;
}

void AccessLog::State::run() {
  block_signals();
  for (;;) {
    bool reopen_now = false;
    bool last = false;
    {
      const std::lock_guard lock{mutex};
      reopen_now = std::exchange(reopens, false);
      last = closes;
    }
    const Duration wait = take_from_all(reopen_now || last ? everything : piece);
    if (reopen_now) {
      const int error = file.reopen();
      const std::lock_guard lock{mutex};
      counts.reopen_error = error;
    }
    std::unique_lock lock{mutex};
    if (last) break;
    changed.wait_for(lock, wait, [this] { return reopens || closes; });
  }
  const std::lock_guard lock{mutex};
  ended = true;
  changed.notify_all();
}

Duration AccessLog::State::take_from_all(std::size_t at_most) {
  Duration wait = period;
  for (const auto& ring : rings) wait = std::min(wait, drain(*ring, at_most));
  return wait;
}

Duration AccessLog::State::drain(AccessRing& ring, std::size_t at_most) {
  const auto pending = ring.pending();
  const std::size_t pushed = pending[0].size() + pending[1].size();
  if (pushed == 0) return period;
  const auto lines = first_lines(pending, at_most);
  const std::size_t size = lines[0].size() + lines[1].size();
  const AccessFile::Written written = file.write(lines);
  const std::uint64_t all = lines_in(lines, size);
  const std::uint64_t good = written.size == size ? all : lines_in(lines, written.size);
  ring.taken(size);  // a disk that is full now would only be asked again
  if (const std::lock_guard lock{mutex}; !given_up) {
    counts.written += good;
    counts.lost += all - good;
    counts.error = written.error;
  }
  if (size == pushed) return period;
  return pushed > ring.size() / 2 ? Duration::zero() : Duration{pause};
}

}  // namespace switchgear::gateway
