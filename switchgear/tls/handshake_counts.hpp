// What became of the TLS handshakes with clients.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "switchgear/tls/failure.hpp"

namespace switchgear::tls {

/// Plain numbers of one thread; others get copies.
struct HandshakeCounts {
  std::uint64_t full = 0;
  std::uint64_t resumed = 0;  ///< of a session that the client had
  std::uint64_t late = 0;     ///< not done in time
  std::array<std::uint64_t, failure_count> failed{};

  void add(const HandshakeCounts& other) noexcept {
    full += other.full;
    resumed += other.resumed;
    late += other.late;
    for (std::size_t i = 0; i < failed.size(); ++i) failed[i] += other.failed[i];
  }
};

}  // namespace switchgear::tls
