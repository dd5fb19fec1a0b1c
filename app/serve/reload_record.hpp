// What became of reloads, for metrics and people.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>
#include <mutex>

#include "switchgear/core/time.hpp"
#include "switchgear/telemetry/metric_families.hpp"

namespace switchgear::serve {

/// The start of the process counts as a success, but is not a reload. Threads: any.
class ReloadRecord {
 public:
  using WallTime = std::chrono::system_clock::time_point;

  explicit ReloadRecord(WallTime started) : last_success_(started) {}

  void add(bool good, WallTime at, Duration took);

  /// `{"last_success", "last_result", "last_duration", "successes", "failures"}`; the result and the duration
  /// are null before the first reload.
  [[nodiscard]] boost::json::object json() const;
  void add_metrics(telemetry::MetricFamilies& to) const;

 private:
  mutable std::mutex mutex_;  ///< guards what follows
  WallTime last_success_;
  bool last_good_ = true;
  Duration last_duration_{};
  std::uint64_t successes_ = 0;
  std::uint64_t failures_ = 0;
};

}  // namespace switchgear::serve
