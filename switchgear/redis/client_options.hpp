// Where a client finds Redis, and how long it waits.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/core/time.hpp"
#include "switchgear/redis/connection.hpp"

namespace switchgear::redis {

struct ClientOptions {
  Address address{};
  /// With them, `address.host` is the name of a master, and they, with their own users, passwords and TLS,
  /// are asked where it is: when connecting, and every `sentinel_interval`, for a master that is cut off from
  /// them may not know that it is none any more.
  std::vector<Address> sentinels{};
  Duration sentinel_interval = std::chrono::seconds{5};
  /// With them, `address` is a node of a Redis Cluster and these are others, with the same user, password and
  /// TLS: which node has which slot is learnt from those that answer. Not together with `sentinels`.
  std::vector<Address> cluster{};
  Duration cluster_interval = std::chrono::seconds{5};  ///< how often, if nothing has shown a change
  std::optional<tls::ClientContext> tls{};
  Duration connect_timeout = std::chrono::seconds{1};
  Duration timeout = std::chrono::milliseconds{100};    ///< of one command
  Duration retry_base = std::chrono::milliseconds{50};  ///< the first wait before connecting again
  Duration retry_max = std::chrono::seconds{2};         ///< and the longest
  std::vector<std::string> channels{};                  ///< to subscribe to, on a connection of its own
  ConnectionLimits limits{};
};

struct ClientCounts {
  std::uint64_t connects = 0;  ///< connections made, without that for the channels
  std::uint64_t sent = 0;
  std::uint64_t failed = 0;   ///< no reply, or an error of the server's other than NOSCRIPT, MOVED and ASK
  std::uint64_t refused = 0;  ///< not sent: not connected, or the breaker was open
};

/// Whether a command goes behind ASKING, to a node of a cluster that is taking the slot over.
enum class Asking : std::uint8_t { no, yes };

/// What was published to a channel.
using Heard = std::function<void(std::string_view channel, std::string_view message)>;

}  // namespace switchgear::redis
