// Which clients are the slowest of those that hold what others wait for.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

#include "switchgear/core/time.hpp"

namespace switchgear::gateway {

/// Of one thread. Bounded: a client that finds no room is noticed once others have gone. Threads: one.
class SlowClients {
 public:
  /// A call, by its address, that holds what others of `service` wait for; so fast is its client.
  void note(const void* call, const void* service, double rate) {
    for (Entry& each : all_) {
      if (each.call == call) return void(each = {call, service, rate, {}});
    }
    if (all_.size() < most) all_.push_back({call, service, rate, {}});
  }
  void forget(const void* call) noexcept {
    std::erase_if(all_, [call](const Entry& each) { return each.call == call; });
  }
  /// True, and it makes way from now on, if it is among the `wanted` slowest that hold the same. Those that
  /// have just made way are among them: what they held takes a moment to get to those who wait for it.
  [[nodiscard]] bool makes_way(const void* call, std::size_t wanted, TimePoint now) noexcept {
    std::erase_if(all_,
                  [now](const Entry& each) { return each.call == nullptr && now >= each.counts_until; });
    const auto self = std::ranges::find(all_, call, &Entry::call);
    if (self == all_.end()) return false;
    const auto before = std::ranges::count_if(all_, [&](const Entry& each) {
      if (each.service != self->service) return false;
      return each.call == nullptr || each.rate < self->rate || (each.rate == self->rate && &each < &*self);
    });
    if (static_cast<std::size_t>(before) >= wanted) return false;
    *self = {nullptr, self->service, 0, now + hand_over};
    return true;
  }
  /// A client of this service was too slow while others waited: soon there may be another.
  void note_pressure(const void* service, TimePoint now) {
    std::erase_if(pressed_,
                  [=](const Pressed& each) { return each.service == service || now >= each.until; });
    pressed_.push_back({service, now + wary_for});
  }
  [[nodiscard]] bool is_under_pressure(const void* service, TimePoint now) const noexcept {
    return std::ranges::any_of(
        pressed_, [=](const Pressed& each) { return each.service == service && now < each.until; });
  }

 private:
  static constexpr std::size_t most = 1024;
  static constexpr Duration wary_for = std::chrono::seconds{30};
  static constexpr Duration hand_over = std::chrono::milliseconds{500};
  struct Entry {
    const void* call;  ///< null: it has made way
    const void* service;
    double rate;
    TimePoint counts_until;
  };
  struct Pressed {
    const void* service;
    TimePoint until;
  };
  std::vector<Entry> all_;
  std::vector<Pressed> pressed_;
};

}  // namespace switchgear::gateway
