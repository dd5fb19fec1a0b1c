// Values of breakers by value that are idle retire, also while no call is made.
#pragma once

#include <memory>
#include <vector>

#include "switchgear/http/event_loop.hpp"
#include "switchgear/policy/breakers_by_value.hpp"

namespace switchgear::gateway {

/// Looks ten times a second, at so few values that the loop's requests do not wait for long. Threads: its
/// loop's.
class ValueTicker final : private http::Timer {
 public:
  /// `loop` is borrowed.
  explicit ValueTicker(http::EventLoop& loop) noexcept : loop_(loop) {}

  /// Takes the place of what was given before.
  void follow(std::vector<std::shared_ptr<BreakersByValue>> values) noexcept;

 private:
  void on_timer(TimePoint now) override;

  http::EventLoop& loop_;
  std::vector<std::shared_ptr<BreakersByValue>> values_;
};

}  // namespace switchgear::gateway
