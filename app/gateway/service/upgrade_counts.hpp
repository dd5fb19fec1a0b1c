// Connections that were upgraded for a service, counted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string_view>

namespace switchgear::gateway {

/// Why an upgraded connection has ended.
enum class UpgradeEnd : std::uint8_t {
  cut_off,  ///< by the gateway, which ends
  closed,   ///< both sides have said that they send no more
  idle,     ///< no byte has moved for too long
  client_left,
  service_left,
};
inline constexpr std::array upgrade_ends{UpgradeEnd::cut_off, UpgradeEnd::closed, UpgradeEnd::idle,
                                         UpgradeEnd::client_left, UpgradeEnd::service_left};

/// As metrics and the access log name it.
[[nodiscard]] constexpr std::string_view to_string(UpgradeEnd end) noexcept {
  constexpr std::array<std::string_view, upgrade_ends.size()> words{"cut_off", "closed", "upgrade_idle",
                                                                    "client_left", "service_left"};
  return words[static_cast<std::size_t>(end)];
}

/// Plain numbers of one thread.
struct UpgradeCounts {
  std::uint64_t begun = 0;
  std::uint64_t refused = 0;  ///< requests for one that went on without asking the service for it
  std::array<std::uint64_t, upgrade_ends.size()> ended{};  ///< by UpgradeEnd
  std::uint64_t bytes_to_client = 0;
  std::uint64_t bytes_to_service = 0;

  [[nodiscard]] std::uint64_t open() const noexcept {
    return begun - std::accumulate(ended.begin(), ended.end(), std::uint64_t{0});
  }
  [[nodiscard]] std::uint64_t ended_by(UpgradeEnd end) const noexcept {
    return ended[static_cast<std::size_t>(end)];
  }
  void add(const UpgradeCounts& other) noexcept {
    begun += other.begun;
    refused += other.refused;
    for (std::size_t i = 0; i < ended.size(); ++i) ended[i] += other.ended[i];
    bytes_to_client += other.bytes_to_client;
    bytes_to_service += other.bytes_to_service;
  }
};

}  // namespace switchgear::gateway
