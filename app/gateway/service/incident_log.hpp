// Logs failures of the data path without flooding the log.
#pragma once

#include <spdlog/logger.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "switchgear/http/event_loop.hpp"

namespace switchgear::gateway {

/// Logs the first incident of a kind at once, counts its repetitions, and logs their number every `interval`
/// for as long as there are any, and at the end. Two incidents are of one kind if their texts are equal, so a
/// text names a service and a cause, never a client or a path: then there are few kinds.
///
/// Threads: its loop's. A repeated incident costs one look-up and no allocation.
class IncidentLog final : private http::Timer {
 public:
  static constexpr Duration interval = std::chrono::seconds{10};

  IncidentLog(http::EventLoop& loop, spdlog::logger& log) : loop_(loop), log_(log) {}
  /// Logs what has not been logged yet.
  ~IncidentLog() override { report_repetitions(); }

  /// If there is no memory to remember it, it is logged all the same, and not counted.
  void note(std::string_view incident, spdlog::level::level_enum level = spdlog::level::warn) noexcept;

  /// Logs how often each incident came since it was last in the log, and forgets those that did not come.
  void report_repetitions() noexcept;

 private:
  void on_timer(TimePoint now) override;

  http::EventLoop& loop_;
  spdlog::logger& log_;
  struct Repeated {
    spdlog::level::level_enum level;
    std::uint64_t times = 0;  ///< since it was last in the log
  };
  std::map<std::string, Repeated, std::less<>> repetitions_;
};

}  // namespace switchgear::gateway
