#include "switchgear/registry/ticker.hpp"

#include <utility>

#include "switchgear/core/raise.hpp"
#include "switchgear/registry/breaker_registry.hpp"

namespace switchgear {

Ticker::Ticker(BreakerRegistry& registry, Now now, Duration interval)
    : registry_(registry), now_(std::move(now)), interval_(interval) {
  if (!now_) detail::raise_invalid("ticker: has no clock");
  if (interval_ <= Duration::zero()) detail::raise_invalid("ticker: its interval must be positive");
  thread_ = std::thread{[this] { run(); }};
}

Ticker::~Ticker() {
  {
    const std::lock_guard lock{mutex_};
    stop_ = true;
  }
  stopped_.notify_one();
  thread_.join();
}

void Ticker::run() {
  std::unique_lock lock{mutex_};
  while (!stopped_.wait_for(lock, interval_, [this] { return stop_; })) {
    lock.unlock();
    registry_.advance(now_());
    lock.lock();
  }
}

}  // namespace switchgear
