// Where the lines of all threads go: a ring for each, one file, and a thread that writes.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "app/gateway/access/access_file.hpp"
#include "app/gateway/access/access_options.hpp"
#include "app/gateway/access/access_ring.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear::gateway {

/// Lines so far. `written` and `lost` only grow.
struct AccessCounts {
  std::uint64_t written = 0;
  std::uint64_t lost = 0;  ///< no room was left while the disk was slow, or the disk refused them
  int error = 0;           ///< an errno: why the last write failed; 0: it did not
  int reopen_error = 0;    ///< an errno: why the file was not opened anew when that was asked for last
};

/// The options stay as they are for its life; a reload makes another one. The writer looks every `period`, so
/// that no thread has to wake it. It writes a `piece` at a time and pauses between two, so that a thread on
/// the same processor is never held up for long; while a ring is half full, it does not pause.
///
/// Memory: `ring_size` for each thread. Threads: any. Lifetime: the rings are shared with the threads that
/// push; what is pushed after close() is not written.
class AccessLog {
 public:
  static constexpr std::size_t ring_size = std::size_t{1024} * 1024;
  static constexpr std::size_t piece = std::size_t{64} * 1024;  ///< bytes of one ring
  static constexpr auto period = std::chrono::milliseconds{20};
  static constexpr auto pause = std::chrono::milliseconds{2};

  /// Opens the file. Throws std::system_error, which names it, if that fails. `threads`: that push.
  AccessLog(const AccessOptions& options, std::size_t threads, std::size_t size_of_ring = ring_size);
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;
  /// Writes what has been pushed, for at most `at_the_end`.
  ~AccessLog() { close(at_the_end); }

  [[nodiscard]] const AccessOptions& options() const noexcept { return options_; }
  [[nodiscard]] const std::shared_ptr<AccessRing>& ring(std::size_t thread) const {
    return state_->rings.at(thread);
  }

  /// What was pushed before goes to the old file. Soon, on the writer's thread.
  void reopen();
  /// Has the writer write what has been pushed, and end. Waits for nothing; close() is still to be called.
  void finish();
  /// The writer has ended: close() does not wait.
  [[nodiscard]] bool ended() const;
  /// As finish(), and waits for the end. A disk that takes nothing for `at_most` is not waited for any
  /// longer; the lines that it did not take are counted as lost.
  void close(Duration at_most);

  [[nodiscard]] AccessCounts counts() const;

 private:
  static constexpr Duration at_the_end = std::chrono::seconds{5};

  /// Shared with the writer, which may still hang in a system call when this object is gone.
  struct State {
    explicit State(const std::string& path) : file(path) {}

    void run();
    /// Of each ring at most that many bytes, and at least a line; returns how long what is left may wait.
    [[nodiscard]] Duration take_from_all(std::size_t at_most);
    [[nodiscard]] Duration drain(AccessRing& ring, std::size_t at_most);

    AccessFile file;  ///< the writer's
    std::vector<std::shared_ptr<AccessRing>> rings;
    mutable std::mutex mutex;  ///< guards what follows
    std::condition_variable changed;
    bool reopens = false;
    bool closes = false;
    bool ended = false;
    bool given_up =
        false;            ///< not waited for any longer: what is written from now on has been counted as lost
    AccessCounts counts;  ///< without the lines that found no room in a ring
  };

  const AccessOptions options_;
  const std::shared_ptr<State> state_;
  std::thread writer_;
};

}  // namespace switchgear::gateway
