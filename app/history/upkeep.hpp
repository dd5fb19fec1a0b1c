// What keeps a history small: old samples are merged by the minute, the oldest lines leave.
#pragma once

#include <spdlog/logger.h>

#include <chrono>
#include <cstdint>
#include <optional>

#include "app/history/history_section.hpp"
#include "app/history/store.hpp"
#include "app/history/stretch_clock.hpp"

namespace switchgear::history {

/// Threads: one. Borrows store and log.
class Upkeep {
 public:
  /// Samples that ended this long ago are merged by the minute.
  static constexpr std::chrono::seconds fine_for = std::chrono::hours{1};
  /// After the start, and after the wall clock was set, nothing leaves because of its age for this long: a
  /// clock that is wrong for a moment would empty the history.
  static constexpr Duration careful_for = std::chrono::minutes{10};

  Upkeep(const HistoryOptions& options, Store& store, spdlog::logger& log, TimePoint now);

  /// To be called after each stretch: does a part of what is to be done. Throws SQLite::Exception.
  void run(Reading now);
  void clock_was_set(TimePoint now) { careful_until_ = saturating_add(now, careful_for); }

 private:
  void merge(std::chrono::sys_seconds now);
  void erase_old(std::chrono::sys_seconds now);
  void keep_size(TimePoint now);

  const HistoryOptions options_;
  Store& store_;
  spdlog::logger& log_;
  TimePoint careful_until_{};
  std::optional<TimePoint> said_full_;
};

}  // namespace switchgear::history
