#include "app/gateway/call/lone_call.hpp"

#include <algorithm>
#include <utility>

namespace switchgear::gateway {

LoneCall::LoneCall(Owner& owner, http::EventLoop& loop, UpstreamCall& call) noexcept
    : owner_(owner), loop_(loop), call_(call) {}

LoneCall::~LoneCall() { loop_.disarm(*this); }

void LoneCall::begin(TimePoint now) {
  until_ = saturating_add(now, call_.service().timeout());
  call_.go_on_alone(*this);
  look();
}

void LoneCall::look() {
  if (std::exchange(looking_, Looking::again) != Looking::no) return;
  TimePoint now{};
  UpstreamCall::State state = UpstreamCall::State::idle;
  while (std::exchange(looking_, Looking::yes) == Looking::again) {
    now = http::EventLoop::now();
    state = call_.advance(now);
  }
  looking_ = Looking::no;
  const bool under_way = state == UpstreamCall::State::deciding || state == UpstreamCall::State::responding;
  if (!under_way || !call_.awaits_verdict()) return owner_.verdict_is_there(*this);
  if (read_ > most_content || now >= until_) {
    call_.judge_so_far();
    return owner_.verdict_is_there(*this);
  }
  loop_.arm(*this, std::min(call_.due(), until_));
}

}  // namespace switchgear::gateway
