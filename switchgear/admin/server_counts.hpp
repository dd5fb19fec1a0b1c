// What an admin server counts of itself.
#pragma once

#include <cstddef>
#include <cstdint>

#include "switchgear/tls/handshake_counts.hpp"

namespace switchgear::admin {

struct ServerCounts {
  std::size_t connections = 0;
  std::uint64_t closed_for_others = 0;
  std::size_t events_clients = 0;
  std::uint64_t events_dropped = 0;
  std::uint64_t requests = 0;
  tls::HandshakeCounts handshakes = {};
};

}  // namespace switchgear::admin
