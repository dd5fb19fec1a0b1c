// How a gateway ends: requests under way are finished, new ones are not taken.
#pragma once

#include <spdlog/logger.h>

#include <functional>
#include <thread>

#include "app/gateway/gateway.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear::serve {

/// Drains a gateway on a thread of its own, so that signals are heard meanwhile. Borrows `gateway` and `log`.
/// Threads: one. The destructor waits for the end of the drain.
class Drain {
 public:
  Drain(gateway::Gateway& gateway, spdlog::logger& log) : gateway_(gateway), log_(log) {}

  /// Once. What is left after `at_most` is cut off. Calls `ended` on the thread of the drain.
  void begin(Duration at_most, std::function<void()> ended);
  [[nodiscard]] bool begun() const noexcept { return thread_.joinable(); }
  /// Cuts off now what is left.
  void hurry();
  [[nodiscard]] bool hurried() const noexcept { return hurried_; }

 private:
  gateway::Gateway& gateway_;
  spdlog::logger& log_;
  bool hurried_ = false;
  std::jthread thread_;
};

}  // namespace switchgear::serve
