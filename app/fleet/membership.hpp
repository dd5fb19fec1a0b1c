// The gateway's place in its fleet, which a reload may change.
#pragma once

#include <spdlog/logger.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "app/fleet/fleet_settings.hpp"
#include "switchgear/observe/diagnosis/circuit_present.hpp"
#include "switchgear/observe/logged_event.hpp"
#include "switchgear/redis/fleet.hpp"
#include "switchgear/registry/breaker_registry.hpp"
#include "switchgear/telemetry/metric_families.hpp"

namespace switchgear::fleet {

/// Threads: every method from any thread. `registry` and `log` must outlive it.
class Membership {
 public:
  /// `shares`: whether a circuit is a service's, asked from any thread. `identity`: see
  /// FleetOptions::identity; asked when it joins. `tell`: hears when a circuit opens or recovers for all;
  /// without it, the log does.
  Membership(BreakerRegistry& registry, spdlog::logger& log, std::function<bool(std::string_view)> shares,
             std::function<std::string()> identity = {}, std::function<void(LoggedInstance)> tell = {});

  /// Joins, changes or leaves the fleet, as the settings say; nothing happens if they are the same. What an
  /// operator has forced stays in force as long as the namespace is the same.
  void apply(const FleetSettings& settings);
  /// Writes a line for each change since the last look.
  void look();

  /// Null: there is no fleet.
  [[nodiscard]] std::shared_ptr<redis::Fleet> fleet() const;
  void add_metrics(telemetry::MetricFamilies& to) const;
  /// Adds why the fleet refuses a circuit's calls.
  void describe(std::map<std::string, CircuitSurroundings>& circuits) const;

 private:
  BreakerRegistry& registry_;
  spdlog::logger& log_;
  const std::function<bool(std::string_view)> shares_;
  const std::function<std::string()> identity_;
  const std::function<void(LoggedInstance)> tell_;
  mutable std::mutex mutex_;
  FleetSettings settings_;
  std::shared_ptr<redis::Fleet> fleet_;
  std::optional<bool> connected_;  ///< at the last look
  /// A circuit likewise.
  struct Seen {
    bool open = false;
    std::string trouble{};
    std::uint64_t repairs = 0;
  };
  void tell(const std::string& name_space, const redis::FleetCircuitStatus& circuit) const;
  void look_at(const std::string& name_space, const redis::FleetCircuitStatus& circuit);

  std::string trouble_;  ///< while connected, likewise
  std::map<std::string, Seen> seen_;
};

}  // namespace switchgear::fleet
