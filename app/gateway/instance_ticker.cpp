#include "app/gateway/instance_ticker.hpp"

#include <chrono>
#include <utility>

namespace switchgear::gateway {

namespace {
constexpr Duration period = std::chrono::milliseconds{100};
}  // namespace

void InstanceTicker::follow(std::vector<std::shared_ptr<InstanceSet>> sets) noexcept {
  sets_ = std::move(sets);
  if (sets_.empty()) {
    loop_.disarm(*this);
  } else if (!armed()) {
    loop_.arm(*this, http::EventLoop::now() + period);
  }
}

void InstanceTicker::on_timer(TimePoint now) {
  for (const auto& set : sets_) {
    instances::Ejection& ejection = set->ejection();
    if (now >= ejection.next_due()) ejection.tick(now);
  }
  loop_.arm(*this, now + period);
}

}  // namespace switchgear::gateway
