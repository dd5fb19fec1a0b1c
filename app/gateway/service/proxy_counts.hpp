// What became of the words of the proxies in front of the gateway.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace switchgear::gateway {

/// Why a connection of a trusted proxy was closed before its first request.
enum class ProxyHeaderFault : std::uint8_t { malformed, late, incomplete };
inline constexpr std::array<std::string_view, 3> proxy_header_faults{"malformed", "timeout", "incomplete"};

/// Plain numbers of one thread; others get copies by message.
struct ProxyCounts {
  std::uint64_t headers = 0;  ///< PROXY headers that were taken
  std::array<std::uint64_t, proxy_header_faults.size()> faults{};
  std::uint64_t malformed_deadlines = 0;  ///< x-request-deadline-ms that was not one whole number

  void add(const ProxyCounts& other) noexcept {
    headers += other.headers;
    malformed_deadlines += other.malformed_deadlines;
    for (std::size_t i = 0; i < faults.size(); ++i) faults[i] += other.faults[i];
  }
};

}  // namespace switchgear::gateway
