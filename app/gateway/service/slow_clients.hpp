// Which clients are the slowest of those that hold what others wait for.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace switchgear::gateway {

/// Of one thread. Bounded: a client that finds no room is noticed once others have gone. Threads: one.
class SlowClients {
 public:
  /// A call, by its address, that holds what others of `service` wait for; so fast is its client.
  void note(const void* call, const void* service, double rate) {
    for (Entry& each : all_) {
      if (each.call == call) return void(each = {call, service, rate});
    }
    if (all_.size() < most) all_.push_back({call, service, rate});
  }
  void forget(const void* call) noexcept {
    std::erase_if(all_, [call](const Entry& each) { return each.call == call; });
  }
  /// It is among the `count` slowest that hold the same.
  [[nodiscard]] bool is_among_slowest(const void* call, std::size_t count) const noexcept {
    const auto self = std::ranges::find(all_, call, &Entry::call);
    if (self == all_.end()) return false;
    const auto slower = std::ranges::count_if(all_, [&](const Entry& each) {
      if (each.service != self->service) return false;
      return each.rate < self->rate || (each.rate == self->rate && &each < &*self);
    });
    return static_cast<std::size_t>(slower) < count;
  }

 private:
  static constexpr std::size_t most = 1024;
  struct Entry {
    const void* call;
    const void* service;
    double rate;
  };
  std::vector<Entry> all_;
};

}  // namespace switchgear::gateway
