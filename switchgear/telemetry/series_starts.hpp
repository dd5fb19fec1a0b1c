// Since when each cumulative series counts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "switchgear/core/time.hpp"
#include "switchgear/telemetry/metric_families.hpp"

namespace switchgear::telemetry {

/// A cumulative point says since when it counts, and a receiver takes a new start for a reset. A series that
/// is new, or has fallen because a reload replaced its policy, has counted since the collection before.
/// Threads: one at a time.
class SeriesStarts {
 public:
  using Wall = WallAnchor::Wall;

  /// `begun`: when the process began to count.
  explicit SeriesStarts(Wall begun) : before_(begun), now_(begun) {}

  /// One collection: begin(), start_of() of every series, end(). Series that it did not have are forgotten.
  void begin(Wall now) noexcept;
  [[nodiscard]] Wall start_of(std::string_view name, const MetricSample& sample);
  void end();

 private:
  struct Series {
    double value = 0;
    Wall start;
    std::uint64_t seen = 0;  ///< the collection that had it last
  };

  Wall before_;  ///< the collection before this one
  Wall now_;
  std::uint64_t collection_ = 0;
  std::string key_;
  std::unordered_map<std::string, Series> series_;
};

}  // namespace switchgear::telemetry
