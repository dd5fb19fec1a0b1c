// Brings what was seen into the store: now, or later when the disk is full or read-only.
#pragma once

#include <spdlog/logger.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "app/history/pending.hpp"
#include "app/history/store.hpp"

namespace switchgear::history {

/// Threads: one; what is read by others are the counters of History. Borrows store and log.
///
/// When writing fails, that is logged, again after an hour, and when it works again; never more than once a
/// minute. Meanwhile lines wait in memory (Pending), and writing is tried again after 1 s, 2 s, 4 s … 30 s.
class Recorder {
 public:
  Recorder(Store& store, spdlog::logger& log) : store_(store), log_(log) {}

  template <class... Line>
  void add(Line&&... line) {
    pending_.add(std::forward<Line>(line)...);
  }

  /// Writes all that waits, unless writing failed a moment ago. Never throws.
  void flush(TimePoint now) noexcept;
  [[nodiscard]] bool failing() const noexcept { return delay_ > Duration::zero(); }
  /// Why the last write failed; empty: it did not.
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }
  /// When flush() is to be called again although nothing was added.
  [[nodiscard]] std::optional<TimePoint> retry_at() const noexcept;

  [[nodiscard]] const Pending& pending() const noexcept { return pending_; }
  [[nodiscard]] std::uint64_t written() const noexcept { return written_; }    ///< transactions
  [[nodiscard]] std::uint64_t failures() const noexcept { return failures_; }  ///< likewise
  [[nodiscard]] std::uint64_t lost() const noexcept { return lost_; }          ///< lines

 private:
  void say_failed(std::string_view why, TimePoint now);
  void say_works(TimePoint now);

  Store& store_;
  spdlog::logger& log_;
  Pending pending_;
  Duration delay_{};  ///< until the next try; 0 while writing works
  TimePoint retry_at_{};
  std::string problem_;
  std::optional<TimePoint> said_at_;
  bool said_failing_ = false;
  std::uint64_t written_ = 0;
  std::uint64_t failures_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t lost_while_failing_ = 0;
};

}  // namespace switchgear::history
