// Where the log's lines wait until stderr takes them.
#pragma once

#include <spdlog/formatter.h>
#include <spdlog/sinks/sink.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

namespace switchgear::serve {

/// Writes lines on a thread of its own. A pipe that is full, or a terminal after Ctrl-S, can keep that thread
/// for ever, and nothing else: a caller formats its line and goes on. When too many bytes wait, the oldest
/// lines are dropped and counted; a line says so when the writing goes on.
///
/// Not spdlog's own asynchronous logger: its end, and a new format, wait for a write that hangs.
///
/// Threads: any.
class BackgroundSink final : public spdlog::sinks::sink {
 public:
  static constexpr std::size_t usual_room = std::size_t{1024} * 1024;  ///< bytes
  /// Of the destructor, with a descriptor that takes nothing.
  static constexpr std::chrono::milliseconds patience{500};

  /// `descriptor` stays open as long as the process lives. `room`: for lines that wait, in bytes.
  explicit BackgroundSink(int descriptor, std::size_t room = usual_room);
  BackgroundSink(const BackgroundSink&) = delete;
  BackgroundSink& operator=(const BackgroundSink&) = delete;
  /// Writes what waits, for `patience` at most. A write that hangs is left alone until the process ends.
  ~BackgroundSink() override;

  void log(const spdlog::details::log_msg& message) override;
  void flush() override {}
  void set_pattern(const std::string& pattern) override;
  void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override;

  /// Waits until everything that was logged is written; false: not within `at_most`.
  [[nodiscard]] bool wait_until_written(std::chrono::milliseconds at_most) const;
  /// Lines that were dropped, or that the descriptor refused.
  [[nodiscard]] std::uint64_t lost() const;

 private:
  struct State;

  const std::shared_ptr<State> state_;  ///< the thread's too: it may outlive the sink
  std::thread thread_;
};

}  // namespace switchgear::serve
