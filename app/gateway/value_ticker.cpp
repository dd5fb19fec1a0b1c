#include "app/gateway/value_ticker.hpp"

#include <chrono>
#include <cstddef>
#include <utility>

namespace switchgear::gateway {

namespace {
constexpr Duration period = std::chrono::milliseconds{100};
// A hundred thousand values that become idle together are gone in 40 s.
constexpr std::size_t looks = 250;
}  // namespace

void ValueTicker::follow(std::vector<std::shared_ptr<BreakersByValue>> values) noexcept {
  values_ = std::move(values);
  if (values_.empty()) {
    loop_.disarm(*this);
  } else if (!armed()) {
    loop_.arm(*this, http::EventLoop::now() + period);
  }
}

void ValueTicker::on_timer(TimePoint now) {
  for (const auto& each : values_) each->retire_idle(now, looks);
  loop_.arm(*this, now + period);
}

}  // namespace switchgear::gateway
