// Probes of half-open breakers that uploads took and did not use: for a while others have the place.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "switchgear/core/time.hpp"

namespace switchgear::gateway {

/// A request whose content is not whole may never become whole, and then its probe says nothing about the
/// service. After each of these, uploads wait before they ask the breaker: all for a moment, so that requests
/// that are whole get the place, and those of the same client for longer, so that other clients do. No
/// request is refused because of it, and a service that gets nothing but uploads is still probed.
///
/// A small table, in which the latest displace older ones: then an upload waits less than it should. The two
/// halves of an entry may be of two entries for an instant: then one waits for a few seconds without need.
/// Threads: any.
class LostProbes {
 public:
  static constexpr Duration rest_of_all = std::chrono::seconds{2};
  static constexpr Duration rest_of_client = std::chrono::seconds{5};

  /// `value`: by which a breaker is chosen; empty: none. `client`: a hash of its address.
  void note(std::string_view value, std::size_t client, TimePoint now) noexcept {
    const std::uint64_t circuit = std::hash<std::string_view>{}(value);
    put(circuit, now + rest_of_all);
    put(of_client(circuit, client), now + rest_of_client);
  }
  /// When an upload of this client may ask the breaker.
  [[nodiscard]] TimePoint turn(std::string_view value, std::size_t client) const noexcept {
    const std::uint64_t circuit = std::hash<std::string_view>{}(value);
    return std::max(get(circuit), get(of_client(circuit, client)));
  }

 private:
  struct Entry {
    std::atomic<std::uint64_t> key{0};
    std::atomic<Duration::rep> until{0};
  };

  [[nodiscard]] static std::uint64_t of_client(std::uint64_t circuit, std::size_t client) noexcept {
    constexpr std::uint64_t golden = 0x9e3779b97f4a7c15U;
    return (circuit ^ client) * golden + 1;
  }
  void put(std::uint64_t key, TimePoint until) noexcept {
    Entry& entry = entries_[key % entries_.size()];
    entry.key.store(key, std::memory_order_relaxed);
    entry.until.store(until.time_since_epoch().count(), std::memory_order_relaxed);
  }
  [[nodiscard]] TimePoint get(std::uint64_t key) const noexcept {
    const Entry& entry = entries_[key % entries_.size()];
    if (entry.key.load(std::memory_order_relaxed) != key) return TimePoint::min();
    return TimePoint{Duration{entry.until.load(std::memory_order_relaxed)}};
  }

  std::array<Entry, 61> entries_{};
};

}  // namespace switchgear::gateway
