// What a gateway believes of what the programs in front of it say about its clients.
#pragma once

#include <optional>

#include "switchgear/config/networks.hpp"

namespace switchgear::config {

/// `trusted_proxies`, `proxy_protocol` and `deadlines` of `gateway`.
struct TrustOptions {
  /// Whose word about clients is taken. Empty list: that of none. Not set: fields about clients are passed on
  /// as they come, and extended, which is what the gateway did before the key existed.
  std::optional<Networks> proxies;
  bool unix_peers =
      false;  ///< so is the word of those who connect through a Unix socket; only with `proxies`
  /// Each of them begins its connections with a PROXY header.
  bool proxy_protocol = false;
  bool receive_deadlines = true;  ///< x-request-deadline-ms limits a call, if one of them has sent it
  bool send_deadlines = true;     ///< services are told how long they have, in the same field

  /// The key is there, and names none.
  [[nodiscard]] bool trusts_none() const noexcept { return proxies && proxies->empty() && !unix_peers; }
  friend bool operator==(const TrustOptions&, const TrustOptions&) = default;
};

}  // namespace switchgear::config
