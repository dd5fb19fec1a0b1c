// Whom a call waits for, its service or its client, and what follows from that.
#include <algorithm>
#include <utility>

#include "app/gateway/call/upstream_call.hpp"

namespace switchgear::gateway {

namespace {
// After so long a wait for the client, in all, the breakers are told that the service is not busy with the
// call, and a service that ends it is not blamed. Shorter waits are those of an ordinary network.
constexpr Duration patience_with_client = std::chrono::seconds{1};
// A client that waits to be told that its content is wanted is told so after this, as clients that do not
// wait for ever send it after about a second.
constexpr Duration patience_with_silence = std::chrono::seconds{1};
// A client that keeps a connection, or a place in a bulkhead, from others has so long.
constexpr Duration patience_when_in_the_way = std::chrono::seconds{5};
constexpr Duration second_look = std::chrono::seconds{1};
// A refusal is news for so long: till the second look after it.
constexpr Duration lately = std::chrono::seconds{2};
// Others have waited so long when the slowest clients make way for them,
constexpr Duration patience_of_others = std::chrono::seconds{1};
// unless they are so many times as fast as a client that is not in the way has to be.
constexpr double fast_enough = 16;
}  // namespace

/// The breakers know of a call in line what they know of one that waits for its client. A connection that is
/// being made is the service's time; but when a name is looked up, it is not decided yet who gets one.
void UpstreamCall::wait_for_connection(Attempt& attempt) {
  wait_until(attempt.until());
  if (attempt.in_line()) return;
  if (!attempt.waits_for_others()) return wait_until(clock_.now() + second_look);
  attempt.stand_in_line();
  machine_.set_aside(attempt.branch(), clock_.now());
}

/// Of one that has its connection, and the service has nothing of it yet. False: a breaker that wants no call
/// now refuses it, so that a full line does not run into a service that is being probed.
bool UpstreamCall::readmit(Attempt& attempt) {
  const TimePoint now = clock_.now();
  if (const auto until = machine_.readmit(attempt.branch(), attempt.last_wait(), now)) {
    attempt.resume(*until);
    return true;
  }
  note_end(attempt, Outcome::ignored(), "refused");
  attempt.decline_connection();
  attempts_.land(attempt, now);
  follow(machine_.on_refusal(attempt.branch(), now));
  return false;
}

/// What other requests wait for, or are refused for want of: its connection, or its place in the bulkhead or
/// the adaptive limit.
bool UpstreamCall::keeps_from_others(const Attempt& attempt) noexcept {
  const auto& bulkhead = service_->policies().policies().bulkhead;
  if (attempt.is_in_the_way()) return true;
  if (!machine_.running()) return false;
  return (bulkhead && bulkhead->is_full()) || adaptive_limit_is_full();
}

/// As many calls as it admits are in flight, and another one has been refused for that lately.
bool UpstreamCall::adaptive_limit_is_full() noexcept {
  const auto& adaptive = service_->policies().policies().adaptive_limit;
  if (!adaptive) return false;
  const AdaptiveLimitSnapshot seen = adaptive->snapshot();
  const auto refused_before = std::exchange(refused_, seen.totals.rejected);
  if (refused_before && *refused_before != seen.totals.rejected) refusal_seen_ = clock_.now();
  return seen.in_flight >= seen.limit && refusal_seen_ && clock_.now() - *refusal_seen_ <= lately;
}

void UpstreamCall::end_look() {
  CallClock::Waits waits = CallClock::Waits::for_upstream;
  for (unsigned branch = 0; branch < attempts_.size(); ++branch) {
    const Attempt& attempt = attempts_[branch];
    if (!attempt.connected()) continue;
    if (!attempt.waits_for_upstream()) {
      waits = CallClock::Waits::for_client;
    } else if (attempt.holds_back() && state_ == State::deciding) {
      waits = CallClock::Waits::for_word;
    }
    if (state_ == State::responding) {
      watch_reader(attempt);
    } else if (attempt.awaits_content() || attempt.holds_back()) {
      watch_sender(attempt);
    } else if (aside_ && !attempt.takes_content()) {
      take_up(attempt);
    }
  }
  clock_.end_look(waits);
  if (state_ == State::deciding && attempts_.waiting()) wait_until(attempts_.next_due());
}

/// Whether the breakers must know by now that the client is waited for: after a second of that, or before one
/// of them counts the call as stuck, or as a probe that hangs.
bool UpstreamCall::must_be_told(const Attempt& attempt) noexcept {
  const TimePoint now = clock_.now();
  const TimePoint begun = attempts_.started(attempt) + attempt.waited();
  const TimePoint due = std::min(now + (patience_with_client - clock_.clients_share()),
                                 saturating_add(begun, service_->policies().told_within()));
  if (now >= due) return true;
  wait_until(due);
  return false;
}

/// Content that is streamed is never raced: this is the only attempt.
void UpstreamCall::watch_sender(const Attempt& attempt) {
  const TimePoint now = clock_.now();
  if (!aside_) {
    if (!must_be_told(attempt)) return;
    aside_ = true;
    note_lost_probe();
    machine_.set_aside(attempt.branch(), now);
  }
  wait_until(now + patience_with_client);
  const bool makes_way = must_make_way(attempt, source_->moved());
  if (!keeps_from_others(attempt)) return;
  if (!makes_way && !source_->dawdles(patience_when_in_the_way, now)) return;
  worker_.slow_clients.note_pressure(&service_->counts(), now);
  source_->give_up();
  abandon();
}

/// The service has answered, and can do no more than the client lets it: so a probe has its verdict. Any
/// other call may still break off, and has its verdict at the end.
void UpstreamCall::watch_reader(const Attempt& attempt) {
  const TimePoint now = clock_.now();
  if (attempt.waits_for_upstream()) {
    pace_.stop();
    leave_list();
    return take_up(attempt);
  }
  if (!aside_) {
    if (!must_be_told(attempt)) return;
    aside_ = true;
    if (machine_.running()) machine_.set_aside(attempt.branch(), outcome_of_response(), now);
  }
  wait_until(now + patience_with_client);
  const std::uint64_t sent = source_ == nullptr ? 0 : source_->moved();
  const bool makes_way = must_make_way(attempt, client_->content_taken() + sent);
  if (!keeps_from_others(attempt)) return pace_.stop();
  if (!client_is_too_slow(attempt) && !makes_way) return;
  client_->give_up_answer();
  abandon();
}

/// A reader, or one that has an early answer and goes on uploading.
bool UpstreamCall::client_is_too_slow(const Attempt& attempt) noexcept {
  const TimePoint now = clock_.now();
  if (response_.client_blocks())
    return pace_.is_behind(patience_when_in_the_way, client_->content_taken(), worker_.limits.min_body_rate,
                           now);
  pace_.stop();
  return attempt.awaits_content() && source_->dawdles(patience_when_in_the_way, now);
}

/// One that is just fast enough to go on for hours would keep what it holds from others for as long: when
/// they have waited for a while, those clients go that were the slowest of late, as many as others wait.
/// Meanwhile each of them has been looked at, so that it is known which are the slowest.
bool UpstreamCall::must_make_way(const Attempt& attempt, std::uint64_t moved) {
  const TimePoint now = clock_.now();
  const double enough = fast_enough * static_cast<double>(worker_.limits.min_body_rate);
  const auto rate = recent_.rate(clock_.clients_share(), moved);
  if (!rate || *rate >= enough || !keeps_from_others(attempt)) {
    leave_list();
    return false;
  }
  worker_.slow_clients.note(this, &service_->counts(), *rate);
  if (!listed_since_) listed_since_ = now;
  if (now - *listed_since_ < patience_of_others) return false;
  std::size_t waiting = std::max<std::size_t>(1, attempt.others_waiting());
  const auto& bulkhead = service_->policies().policies().bulkhead;
  if (bulkhead && machine_.running()) waiting = std::max<std::size_t>(waiting, bulkhead->snapshot().waiting);
  return worker_.slow_clients.makes_way(this, waiting, now);
}

/// It is fast enough, not in the way of others, or not waited for.
void UpstreamCall::leave_list() noexcept {
  if (!listed_since_) return;
  listed_since_.reset();
  worker_.slow_clients.forget(this);
}

/// The client waits for the service's word before it sends its content, and may do so for ever. True: it has
/// been told to send it, in the stead of a service that says nothing.
bool UpstreamCall::ends_expectation(const Attempt& attempt) {
  if (!attempt.holds_back()) return false;
  const Duration half = saturating_sub(attempt.until(), attempt.since()) / 2;
  const Duration patience = attempt.to_http10() ? Duration::zero() : std::min(patience_with_silence, half);
  const TimePoint due = attempt.since() + patience;
  if (clock_.now() < due) {
    wait_until(due);
    return false;
  }
  if (client_->invite_content() == http::IoStatus::broken) abandon();
  return true;
}

void UpstreamCall::take_up(const Attempt& attempt) noexcept {
  if (!std::exchange(aside_, false) || !machine_.running()) return;
  machine_.take_up(attempt.branch(), clock_.now());
}

/// Of a request that took a probe's place and is not whole: it says nothing about the service.
void UpstreamCall::note_lost_probe() noexcept {
  if (!std::exchange(probes_early_, false) || !machine_.running()) return;  // it has its verdict
  for (unsigned branch = 0; branch < attempts_.size(); ++branch) {
    if (attempts_[branch].connected() && attempts_[branch].sent_whole()) return;
  }
  service_->policies().lost_probes().note(request_.value, client_key_, clock_.now());
}

/// The service, too, may have a limit for how long a request may take to come, in whatever pieces it does.
bool UpstreamCall::was_kept_waiting(const Attempt& attempt) const noexcept {
  return request_.content == CallRequest::Content::streamed && attempt.connected() && !attempt.sent_whole() &&
         clock_.clients_share() >= patience_with_client;
}

/// Not merely slow: it is silent, or was just now, or is that far behind the least rate.
bool UpstreamCall::client_dawdles() const noexcept {
  return source_->dawdles(patience_with_client, clock_.now()) || source_->paused(patience_with_client);
}

}  // namespace switchgear::gateway
