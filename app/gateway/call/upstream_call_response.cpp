// The second half of a call: one response is chosen, and is on its way to the client.
#include <utility>

#include "app/gateway/call/upstream_call.hpp"
#include "app/gateway/heads/event_stream.hpp"
#include "app/gateway/heads/storing_rules.hpp"

namespace switchgear::gateway {

namespace {

// How long one slow reader may delay all requests for the same answer.
constexpr Duration patience_with_reader = std::chrono::seconds{1};

}  // namespace

void UpstreamCall::start_response(Attempt& attempt, const Remarks& remarks) {
  if (agent_ && agent_.replaces_answer()) return give_replaced(attempt, remarks);
  const http::Head& head = attempt.head();
  const http::FieldList& fields = worker_.loop.fields();
  const PolicySet& policies = service_->policies();
  state_ = State::responding;
  take_up(attempt);  // of an upload that is answered early
  // Before the client learns of it: what it asks for next must not come from before its change.
  if (request_.changes && response_.status() < 400) policies.versions()->advance(*request_.changes);
  if (attempt.branch() != 0) policies.hedge_wins()->add();
  if (response_.status() == 101) return begin_upgraded(attempt, remarks);
  const bool endless = attempt.has_endless_response();
  if (endless || announces_events(fields)) note_stream(fields);
  count_answer(response_.status());
  client_->take_head({head, fields, endless, remarks.chaos});
  const std::size_t most = worker_.limits.cached_body_bytes;
  const Duration ttl = cache() == nullptr ? Duration::zero() : cache()->options().ttl;
  const bool begins = agent_ && agent_.awaits_event();
  const bool storable = machine_.running() && !begins && !request_.key.empty() &&
                        may_be_stored(head, fields, ttl) &&
                        (request_.to_head || head.content_length.value_or(0) <= most);
  if (storable) response_.keep_copy(fields, most);
  attempt.accept_head(clock_.now());
  // Requests that wait for this answer learn now that it is not shared, and not when it is complete.
  if (!storable && !request_.key.empty() && cache() != nullptr) will_not_share();
}

/// A card or a redirect. Never as it came: it may lead past the gateway.
void UpstreamCall::give_replaced(Attempt& attempt, const Remarks& remarks) {
  const auto card = agent_.replacement(attempt.head(), worker_.loop.fields());
  if (!request_.key.empty() && cache() != nullptr) will_not_share();
  const Outcome outcome = outcome_of_response();
  settle(outcome);
  if (!card && outcome.verdict == Verdict::ignored) excused_ = true;  // its caller's doing
  attempt.discard_response();
  state_ = State::answered;
  const bool is_agents = agent_.status_then() >= 500;
  const std::string_view error = is_agents ? "http_response_incomplete" : "";
  if (!card) return give_failure({agent_.status_then(), error, agent_.why_not()}, remarks);
  count_answer((*card)->status);
  client_->take_kept({*card, Source::call, Duration::zero()}, remarks);
}

/// The handshake was the call, and has succeeded: none of the service's limits of time holds any more.
void UpstreamCall::begin_upgraded(Attempt& attempt, const Remarks& remarks) {
  const Outcome outcome = Outcome::success(latency(attempt));
  count_answer(101);
  client_->take_head({attempt.head(), worker_.loop.fields(), false, remarks.chaos});
  attempt.accept_head(clock_.now());
  note_end(attempt, outcome, {});
  if (attempt.instance_call) {
    service_->upstreams().record_begun(*attempt.instance_call, instances::CallEnd::answered(101),
                                       clock_.now());
  }
  if (machine_.running()) settle_beginning(outcome);
  state_ = State::upgraded;
}

/// The latency of a stream, a response whose head does not say how long it is, ends with its head: it may go
/// on for long, and is not slow because of that. An event stream may never end, so its verdict is recorded
/// now. Until its first event a stream of an agent is a call like any other.
void UpstreamCall::note_stream(const http::FieldList& fields) {
  if (agent_ && agent_.awaits_event()) return;
  response_.end_latency(latency(*response_.attempt()));
  if (announces_events(fields) && machine_.running()) settle_beginning(outcome_of_response());
}

/// `last`: nothing more will come of it.
void UpstreamCall::look_for_event(bool last) {
  if (agent_.see(response_.fresh())) {
    response_.end_latency(latency(*response_.attempt()));
    if (machine_.running()) settle_beginning(outcome_of_response());
  } else if (last) {
    agent_.end_stream();
  }
}

/// Of an answer that may never end. It keeps its place in a bulkhead only if that was asked for.
void UpstreamCall::settle_beginning(const Outcome& outcome) {
  const Attempt& attempt = *response_.attempt();
  open_ended_ = true;
  note_agents_failure(outcome);
  take_up(attempt);
  service_->count(outcome);
  machine_.answer_began(attempt.branch(), outcome, clock_.now());
  if (service_->policies().holds_streams()) return;
  if (!request_.key.empty() && cache() != nullptr) will_not_share();
  attempts_.land(attempt, clock_.now());
  (void)machine_.on_outcome(attempt.branch(), outcome, clock_.now());
  machine_.reset();
}

void UpstreamCall::relay() {
  if (response_.attempt()->push(clock_.now()) == Attempt::Found::source_lost) return abandon();
  while (relay_piece()) {
  }
}

/// False: no more can be done now.
bool UpstreamCall::relay_piece() {
  using Relayed = ResponseRelay::Found;
  Attempt& attempt = *response_.attempt();
  const Relayed looked = response_.look();
  if (agent_ && agent_.awaits_event() && looked != Relayed::failure)
    look_for_event(looked == Relayed::last_piece);
  if (looked == Relayed::last_piece) {
    // The upstream has done its part, whatever the client does now; and who has the answer may ask whether it
    // was counted.
    if (auto copy = response_.take_copy()) answer_.value = *std::move(copy);
    settle(outcome_of_response());
  }
  switch (looked == Relayed::failure ? looked : response_.move(*client_, clock_.now())) {
    case Relayed::piece:
    case Relayed::last_piece:
    case Relayed::moved:
      return true;
    case Relayed::copy_too_large:
      will_not_share();
      return true;
    case Relayed::complete:
      state_ = State::answered;
      return false;
    case Relayed::client_left:
      lost_client_ = true;
      return false;
    case Relayed::failure:
      fail(attempt, attempt.failure());
      return false;
    case Relayed::client_blocked:
      if (!is_late(attempt)) spare_those_who_wait();
      return false;
    case Relayed::wait:
      (void)is_late(attempt);
      return false;
  }
  return false;
}

/// Requests for the same answer get this one as well, once it is complete. They make their own call rather
/// than wait for a client that does not take its answer.
void UpstreamCall::spare_those_who_wait() {
  if (!machine_.running() || !response_.keeps_copy() || cache() == nullptr) return;
  if (clock_.clients_share() < patience_with_reader)
    return wait_until(clock_.now() + (patience_with_reader - clock_.clients_share()));
  will_not_share();
  response_.stop_copy();
}

/// Its status, by which the split has judged it, may have been good.
void UpstreamCall::note_agents_failure(const Outcome& outcome) noexcept {
  if (split_ && agent_ && outcome.verdict == Verdict::failure) split_.failed();
}

/// Of a call whose response is on its way to the client already: nothing can come of it.
void UpstreamCall::settle(const Outcome& outcome) {
  note_agents_failure(outcome);
  note_end(*response_.attempt(), outcome, {});
  judge_by_answer(*response_.attempt());
  if (!machine_.running()) return;
  take_up(*response_.attempt());
  if (!open_ended_) service_->count(outcome);
  attempts_.land(*response_.attempt(), clock_.now());
  (void)machine_.on_outcome(response_.attempt()->branch(), outcome, clock_.now());
  machine_.reset();
}

void UpstreamCall::break_off(const AttemptFailure& failure, const Outcome& outcome) {
  ++service_->counts().responses_aborted;
  if (open_ended_) service_->count(outcome);  // its beginning was counted as well
  settle(outcome);
  attempts_.drop_all(clock_.now());
  if (!alone_) worker_.note_failure(*service_, last_called(), "response broken off", failure.words.detail);
  if (split_ && failure.blame != AttemptFailure::Blame::none) split_.failed();
  state_ = State::broken_off;
}

}  // namespace switchgear::gateway
