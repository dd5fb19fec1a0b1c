// What is due by itself among the instances of services: ejections that are over, intervals to be judged.
#pragma once

#include <memory>
#include <vector>

#include "app/gateway/service/instance_set.hpp"
#include "switchgear/http/event_loop.hpp"

namespace switchgear::gateway {

/// Looks ten times a second, as long as a service ejects instances. Threads: its loop's.
class InstanceTicker final : private http::Timer {
 public:
  /// `loop` is borrowed.
  explicit InstanceTicker(http::EventLoop& loop) noexcept : loop_(loop) {}

  /// Takes the place of what was given before.
  void follow(std::vector<std::shared_ptr<InstanceSet>> sets) noexcept;

 private:
  void on_timer(TimePoint now) override;

  http::EventLoop& loop_;
  std::vector<std::shared_ptr<InstanceSet>> sets_;
};

}  // namespace switchgear::gateway
