// Runs a call as its policies' machine decides: attempts, waits, and the end.
#include "app/gateway/session.hpp"
#include "app/gateway/worker.hpp"

namespace switchgear::gateway {

void Session::begin_call() {
  part_ = Part::calling;
  waits_for_upstream_ = true;
  call_open_ = true;
  const PolicySet& policies = service_->policies();
  call_->options.key = call_->key;
  call_->options.payload = call_->payload;
  call_->options.repeatable = repeatable_ ? Repeatable::yes : Repeatable::no;
  // A stored call gets no fallback: it is over only when its service has answered it.
  const bool bare = replayed_ || (policies.queues() && call_->payload.empty());
  const UseFallback fallback = bare ? UseFallback::no : UseFallback::yes;
  follow(call_->machine.start(policies, fallback, call_->options, *call_, call_->answer, now_));
}

void Session::follow(switchgear::Step todo) {
  using Kind = switchgear::Step::Kind;
  for (;;) {
    for (unsigned branch = 0; todo.losers != 0; ++branch, todo.losers >>= 1U) {
      if ((todo.losers & 1U) != 0) call_->attempt(branch).abandon(*service_->pool());
    }
    if (todo.kind == Kind::done) return conclude();
    if (call_->head_at_hand != nullptr) {
      call_->last_words = {502, "http_response_incomplete", "the service answered with an error"};
      std::exchange(call_->head_at_hand, nullptr)->discard_response();
    }
    if (todo.kind == Kind::wait) {
      call_->waiting = true;
      call_->until = todo.until;
      return;
    }
    begin_attempt(todo.branch, todo.until);
    call_->waiting = false;
    call_->until = TimePoint::max();
    if (!call_->machine.races()) return;
    todo = call_->machine.on_timer(now_);
  }
}

/// The client gets the last attempt's response whenever there is one, unless a fallback has something else.
void Session::conclude() {
  call_open_ = call_->waiting = false;
  CallMachine& machine = call_->machine;
  Attempt* at_hand = std::exchange(call_->head_at_hand, nullptr);
  const Ending::How how = machine.ending().how;
  const FallbackFailure* failure = call_->failure();
  const bool own_words = failure != nullptr && !failure->message.empty();
  if (how == Ending::How::completed && at_hand != nullptr && !own_words) {
    start_response(*at_hand);
    return machine.reset();
  }
  if (at_hand != nullptr) {
    call_->last_words = {status_, {}, "the service answered with an error"};
    at_hand->discard_response();
  }
  switch (how) {
    case Ending::How::refused:
      answer_refusal(*machine.last_rejection());
      break;
    case Ending::How::answered:
      answer_stored();
      break;
    case Ending::How::injected:
      answer_failure_shared_or_injected();
      break;
    case Ending::How::completed:
    case Ending::How::cancelled:
      answer_last_words();
      break;
  }
  machine.reset();
}

void Session::begin_attempt(unsigned branch, TimePoint until) {
  Attempt& attempt = call_->attempt(branch);
  attempt.begin(*this, branch, now_, until);
  client_share_ = Duration::zero();
  ask_for_connection(attempt, http::ConnectionPool::Reuse::allowed);
}

void Session::ask_for_connection(Attempt& attempt, http::ConnectionPool::Reuse reuse) {
  attempt.error.reset();
  attempt.phase = Attempt::Phase::connecting;
  switch (service_->pool()->acquire(attempt, attempt.lease, reuse)) {
    case http::ConnectionPool::Answer::ready:
      // If a request cannot be repeated, it is worth checking that its connection is still good.
      if (!repeatable_ && attempt.lease.stream().has_unexpected_input()) {
        attempt.lease.drop();
        return ask_for_connection(attempt, http::ConnectionPool::Reuse::never);
      }
      return;
    case http::ConnectionPool::Answer::waiting:
      return;
    case http::ConnectionPool::Answer::full:
      attempt.phase = Attempt::Phase::unplaced;
      return;
  }
}

Session::Step Session::run_call() {
  rounds_ = 0;
  client_blocked_ = false;
  for (bool changed = true; changed;) {
    if (part_ != Part::calling || answered_) return Step::go;
    changed = false;
    const bool woken = call_->take_woken();
    if (call_->waiting && (woken || now_ >= call_->until)) {
      follow(call_->machine.on_timer(now_));
      changed = true;
      continue;
    }
    for (unsigned branch = 0; branch < call_->attempts() && !changed; ++branch) {
      Attempt& attempt = call_->attempt(branch);
      if (!attempt.running()) continue;
      const Step step = drive(attempt);
      if (step == Step::over) return step;
      changed = step == Step::go;
    }
  }
  bool takes_body = false;
  waits_for_upstream_ = true;
  for (unsigned branch = 0; branch < call_->attempts(); ++branch) {
    const Attempt& attempt = call_->attempt(branch);
    if (attempt.phase != Attempt::Phase::exchanging) continue;
    if (!attempt.waited_for) waits_for_upstream_ = false;
    if (!request_done_ && !attempt.deaf) takes_body = true;
  }
  if (call_->waiting) wait_until(call_->until);
  return takes_body ? Step::wait : watch_client();
}

Session::Step Session::drive(Attempt& attempt) {
  switch (attempt.phase) {
    case Attempt::Phase::idle:
      return Step::wait;
    case Attempt::Phase::unplaced:
      return attempt_failed(
          attempt, Outcome::ignored(),
          {503, "connection_limit_reached", "too many requests wait for a connection to the service"});
    case Attempt::Phase::connecting:
      if (const Step step = connect(attempt); step != Step::go || !attempt.exchange.active()) return step;
      break;
    case Attempt::Phase::exchanging:
      break;
  }
  return advance(attempt);
}

Session::Step Session::connect(Attempt& attempt) {
  if (attempt.lease) {
    take_connection(attempt);
    return Step::go;
  }
  if (attempt.error) return connect_failed(attempt, *attempt.error);
  if (now_ >= attempt.until) {
    // The pool's own limits, or a connection that is slower than the call may be: neither was a call.
    return attempt_failed(
        attempt, Outcome::ignored(),
        {503, "connection_limit_reached", "no connection to the service became free in time"});
  }
  wait_until(attempt.until);
  return Step::wait;
}

void Session::take_connection(Attempt& attempt) {
  attempt.lease.stream().set_owner(this);
  attempt.exchange.begin(std::move(attempt.lease), to_head_);
  const bool chunked = body_.framing() == http::BodyReader::Framing::chunked;
  attempt.exchange.request().clear();
  attempt.exchange.request().begin(chunked ? http::Coding::chunked : http::Coding::identity);
  attempt.exchange.request().put(call_->head);
  attempt.phase = Attempt::Phase::exchanging;
  attempt.since = client_since_ = now_;
  attempt.waited_for = true;
  // A request that is on its way may have its effect: to store it as well could give it two.
  if (!repeatable_ && service_->policies().queues()) call_->machine.commit();
}

Session::Step Session::connect_failed(Attempt& attempt, http::ConnectError error) {
  switch (error) {
    case http::ConnectError::refused:
      return upstream_failed(attempt, "connection_refused", "the service takes no connection");
    case http::ConnectError::unresolved:
      return upstream_failed(attempt, "dns_error", "the service's name cannot be resolved");
    case http::ConnectError::timeout:
      return attempt_failed(attempt, service_->classifier().of_timeout(latency(attempt)),
                            {504, "connection_timeout", "the service did not take the connection in time"});
    case http::ConnectError::resources:
      return attempt_failed(attempt, Outcome::ignored(),
                            {503, "proxy_internal_error", "the gateway has no descriptor left"});
  }
  return Step::over;
}

Session::Step Session::attempt_failed(Attempt& attempt, const Outcome& outcome, const LastWords& words) {
  attempt.abandon(*service_->pool());
  call_->last_words = words;
  follow(report(attempt, outcome));
  return Step::go;
}

Duration Session::latency(const Attempt& attempt) const noexcept {
  return attempt.first_byte.value_or(now_ - attempt.started - client_share_);
}

/// The service's own counts, with or without a breaker.
void Session::count(const Outcome& outcome) const {
  CircuitDurations& durations = service_->durations();
  switch (outcome.verdict) {
    case Verdict::success:
      durations.success.record(outcome.latency);
      return;
    case Verdict::failure:
      durations.failure.record(outcome.latency);
      ++service_->counts().failures[static_cast<std::size_t>(outcome.type)];
      return;
    case Verdict::ignored:
      return;
  }
}

switchgear::Step Session::report(const Attempt& attempt, const Outcome& outcome) {
  count(outcome);
  return call_->machine.on_outcome(attempt.branch, outcome, now_);
}

switchgear::Step Session::report_timeout(const Attempt& attempt, const Outcome& outcome) {
  count(outcome);
  return call_->machine.on_timeout(attempt.branch, outcome.latency, now_);
}

/// Of a call whose answer is on its way to the client already: nothing can come of it.
void Session::settle(const Attempt& attempt, const Outcome& outcome) {
  if (!std::exchange(call_open_, false)) return;
  (void)report(attempt, outcome);
  call_->machine.reset();
}

void Session::ignore_call() noexcept {
  call_open_ = false;
  if (call_ == nullptr) return;
  call_->machine.reset();
  for (unsigned branch = 0; branch < call_->attempts(); ++branch) {
    if (call_->attempt(branch).running()) call_->attempt(branch).abandon(*service_->pool());
  }
}

void Session::end_call() noexcept {
  if (call_ == nullptr) return;
  call_->end(*service_->pool());
  worker_.calls().give_back(std::exchange(call_, nullptr));
  chosen_ = nullptr;
  call_open_ = false;
}

}  // namespace switchgear::gateway
