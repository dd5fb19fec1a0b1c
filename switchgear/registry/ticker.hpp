// Makes what is due by itself happen in the breakers of a registry, in any program: a thread that looks ten
// times a second.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "switchgear/core/time.hpp"

namespace switchgear {

class BreakerRegistry;

/// Calls BreakerRegistry::advance() every `interval`, from construction to destruction.
///
///     BreakerRegistry registry{…};
///     const Ticker ticker{registry, [] { return SteadyTime::now(); }};
///
/// Without one, an opening that is over, or a probe that hangs, is noticed by the next call or look. A
/// program with an event loop needs none if it calls advance() itself. Listeners run on the ticker's thread;
/// one that blocks delays the other breakers' transitions, never a call. Lifetime: the registry must outlive
/// it.
class Ticker {
 public:
  using Now = std::function<TimePoint()>;

  /// Throws std::invalid_argument without a clock, or with an interval that is not positive.
  Ticker(BreakerRegistry& registry, Now now, Duration interval = std::chrono::milliseconds{100});
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;
  /// Waits for the listener that is running, if one is.
  ~Ticker();

 private:
  void run();

  BreakerRegistry& registry_;
  const Now now_;
  const Duration interval_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace switchgear
