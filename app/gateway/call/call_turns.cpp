// Whom a call waits for, its service or its client, and what follows from that.
#include <utility>

#include "app/gateway/call/upstream_call.hpp"

namespace switchgear::gateway {

namespace {
// After so long a wait for the client, in all, the breakers are told that the service is not busy with the
// call, and a service that ends it is not blamed. Shorter waits are those of an ordinary network.
constexpr Duration patience_with_sender = std::chrono::seconds{1};
// A client that keeps a connection from others has so long.
constexpr Duration patience_when_in_the_way = std::chrono::seconds{5};
}  // namespace

void UpstreamCall::end_look() {
  CallClock::Waits waits = CallClock::Waits::for_upstream;
  for (unsigned branch = 0; branch < attempts_.size(); ++branch) {
    const Attempt& attempt = attempts_[branch];
    if (!attempt.connected()) continue;
    if (!attempt.waits_for_upstream()) waits = CallClock::Waits::for_client;
    if (aside_ && !attempt.takes_content()) take_up(attempt);
    if (attempt.awaits_content() && state_ == State::deciding) watch_sender(attempt);
  }
  clock_.end_look(waits);
  if (state_ == State::deciding && attempts_.waiting()) wait_until(attempts_.next_due());
}

/// Content that is streamed is never raced: this is the only attempt.
void UpstreamCall::watch_sender(const Attempt& attempt) {
  const TimePoint now = clock_.now();
  const Duration left = patience_with_sender - clock_.clients_share();
  if (left > Duration::zero()) return wait_until(now + left);
  if (!std::exchange(aside_, true)) machine_.set_aside(attempt.branch(), now);
  wait_until(now + patience_with_sender);
  if (!attempt.is_in_the_way() || !source_->dawdles(patience_when_in_the_way, now)) return;
  source_->give_up();
  abandon();
}

void UpstreamCall::take_up(const Attempt& attempt) noexcept {
  if (!std::exchange(aside_, false) || !machine_.running()) return;
  machine_.take_up(attempt.branch(), clock_.now());
}

/// The service, too, may have a limit for how slowly a request may come.
bool UpstreamCall::is_clients_failure(const Attempt& attempt) const noexcept {
  return request_.content == CallRequest::Content::streamed && attempt.connected() && !attempt.sent_whole() &&
         source_->dawdles(patience_with_sender, clock_.now());
}

}  // namespace switchgear::gateway
