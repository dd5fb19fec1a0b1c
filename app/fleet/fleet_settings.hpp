// fleet: whether this gateway shares what its breakers find with others, and through which Redis. Here are
// the key of the policy file, the resources of the admin API, the metrics and the lines of the log. Never
// here: the protocol, which is the library's (switchgear/redis).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "switchgear/config/own_sections.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/redis/fleet_options.hpp"
#include "switchgear/tls/context.hpp"

namespace switchgear::fleet {

struct FleetSettings {
  std::string redis{};                   ///< a URL, which may hold a password; empty: no fleet
  std::vector<std::string> sentinels{};  ///< `host:port`; with them, the host of `redis` is a master's name
  std::string sentinel_user{}, sentinel_password{};  ///< the Sentinels' own
  bool sentinel_tls = false;
  std::vector<std::string> cluster{};  ///< `host:port` of nodes of a Redis Cluster, beside that of `redis`
  std::string name_space = "default";
  double quorum = 0.5;
  std::uint32_t min_votes = 2;
  Duration fresh = std::chrono::seconds{5};
  Duration probe = std::chrono::seconds{10};
  tls::ClientSettings tls{};  ///< for rediss:// and `sentinel_tls`

  [[nodiscard]] bool on() const noexcept { return !redis.empty(); }
  friend bool operator==(const FleetSettings&, const FleetSettings&) = default;
};

[[nodiscard]] FleetSettings read_fleet(const config::Value& value, const config::FileContext& context);

/// Precondition: settings.on(), and they come from read_fleet(). Throws std::invalid_argument if OpenSSL does
/// not accept its part.
[[nodiscard]] redis::FleetOptions options_of(const FleetSettings& settings);

}  // namespace switchgear::fleet
