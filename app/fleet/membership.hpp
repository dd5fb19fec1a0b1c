// The gateway's place in its fleet, which a reload may change.
#pragma once

#include <spdlog/logger.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "app/fleet/fleet_settings.hpp"
#include "switchgear/redis/fleet.hpp"
#include "switchgear/registry/breaker_registry.hpp"
#include "switchgear/telemetry/metric_families.hpp"

namespace switchgear::fleet {

/// Threads: every method from any thread. `registry` and `log` must outlive it.
class Membership {
 public:
  /// `shares`: whether a circuit is a service's, asked from any thread.
  Membership(BreakerRegistry& registry, spdlog::logger& log, std::function<bool(std::string_view)> shares);

  /// Joins, changes or leaves the fleet, as the settings say; nothing happens if they are the same.
  void apply(const FleetSettings& settings);
  /// Writes a line for each change since the last look.
  void look();

  /// Null: there is no fleet.
  [[nodiscard]] std::shared_ptr<redis::Fleet> fleet() const;
  void add_metrics(telemetry::MetricFamilies& to) const;

 private:
  BreakerRegistry& registry_;
  spdlog::logger& log_;
  const std::function<bool(std::string_view)> shares_;
  mutable std::mutex mutex_;
  FleetSettings settings_;
  std::shared_ptr<redis::Fleet> fleet_;
  std::optional<bool> connected_;     ///< at the last look
  std::map<std::string, bool> open_;  ///< likewise, by circuit
};

}  // namespace switchgear::fleet
