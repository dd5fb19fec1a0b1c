// The figures of every circuit as metrics.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "switchgear/admin/circuit_source.hpp"
#include "switchgear/admin/program.hpp"
#include "switchgear/observe/figures/figures.hpp"
#include "switchgear/registry/breaker_registry.hpp"
#include "switchgear/telemetry/metric_families.hpp"

namespace switchgear::serve {

/// Figures of the last hour, made from the history on a thread of its own, one circuit after the other:
/// reading an hour of a thousand circuits takes longer than a scrape may, and a disk that hangs must not
/// delay one. A round takes `period` or, with many circuits, what keeps the thread below a fiftieth of a
/// core. It rests while its metrics are not asked for.
///
/// Threads: any. Lifetime: what it borrows outlives it. The destructor waits for the read that is under way.
class FigureBoard {
 public:
  static constexpr Duration span = std::chrono::hours{1};
  static constexpr Duration period = std::chrono::seconds{5};
  static constexpr Duration rests_after = std::chrono::minutes{5};  ///< without being asked
  static constexpr Duration too_old = std::chrono::minutes{5};      ///< to be shown

  /// `program`: what CircuitSource needs, a history among it.
  FigureBoard(const BreakerRegistry& registry, admin::Program program);
  FigureBoard(const FigureBoard&) = delete;
  FigureBoard& operator=(const FigureBoard&) = delete;

  /// `switchgear_circuit_*` of every circuit that has been looked at. After a rest there are none at first.
  void add_metrics(telemetry::MetricFamilies& to) const;

 private:
  struct Seen {
    figures::Figures figures;
    TimePoint at{};
  };

  void work(const std::stop_token& stop);
  void look_at_all(const std::stop_token& stop);
  void look_at(const std::string& circuit, const admin::CircuitSource::Surroundings& around);
  /// False: it is to stop.
  [[nodiscard]] bool wait(const std::stop_token& stop, Duration length);

  const BreakerRegistry& registry_;
  const admin::Program program_;
  const admin::CircuitSource circuits_;
  mutable std::mutex mutex_;  ///< guards what follows
  mutable std::condition_variable_any changed_;
  mutable std::optional<TimePoint> asked_;
  std::map<std::string, Seen> seen_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace switchgear::serve
