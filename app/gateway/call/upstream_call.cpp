#include "app/gateway/call/upstream_call.hpp"

#include <boost/asio/post.hpp>
#include <string>
#include <utility>

#include "app/gateway/heads/event_stream.hpp"
#include "app/gateway/heads/storing_rules.hpp"

namespace switchgear::gateway {

namespace {

using Found = Attempt::Found;
using Blame = AttemptFailure::Blame;

// After this many blocks without a pause the other connections get their turn.
constexpr std::uint32_t blocks_per_turn = 32;
// How long one slow reader may delay all requests for the same answer.
constexpr Duration patience_with_reader = std::chrono::seconds{1};

}  // namespace

void UpstreamCall::prepare(ServicePtr service, const AskedFor& asked, CallRequest::Origin origin) {
  service_ = std::move(service);
  begun_ = 0;
  request_.take(asked, *service_, worker_, origin);
  if (request_.trace.span.valid()) [[unlikely]]
    record_ = std::make_unique<CallTrace>(asked, request_, *service_);
}

void UpstreamCall::start(CallClient& client, ContentSource* source, TimePoint now) {
  client_ = &client;
  source_ = source;
  state_ = State::deciding;
  clock_.begin(now);
  if (record_) record_->begin(now);
  options_.key = request_.key;
  options_.payload = request_.payload;
  options_.value = request_.value;
  options_.repeatable = request_.repeats;
  const PolicySet& policies = service_->policies();
  // A stored call gets no fallback: it is over only when its service has answered it.
  const bool bare =
      request_.origin == CallRequest::Origin::queue || (policies.queues() && request_.payload.empty());
  const UseFallback fallback = bare ? UseFallback::no : UseFallback::yes;
  follow(machine_.start(policies, fallback, options_, *this, answer_, now));
}

void UpstreamCall::end() noexcept {
  if (record_) hand_in_record();
  machine_.reset();  // first: it borrows what follows
  if (service_) attempts_.drop_all(clock_.now());
  attempts_.forget_hedges();
  attempts_.stop_waiting();
  if (answer_.value || answer_.details) answer_ = {};
  request_.forget();
  response_.forget();
  client_ = nullptr;
  source_ = nullptr;
  called_.clear();
  at_hand_ = nullptr;
  woken_ = false;
  service_.reset();
  state_ = State::idle;
}

/// A call that was not begun is not told of.
void UpstreamCall::hand_in_record() noexcept {
  const std::string_view how = state_ == State::answered     ? "answered"
                               : state_ == State::broken_off ? "broken_off"
                                                             : "abandoned";
  const auto& spans = worker_.tracing.options.spans;
  if (client_ != nullptr && spans) spans->push(record_->end(how, clock_.now()));
  record_.reset();
}

void UpstreamCall::wake() noexcept {
  boost::asio::post(worker_.loop.context(), [this] {
    if (client_ == nullptr) return;
    woken_ = true;
    client_->on_call_event();
  });
}

bool UpstreamCall::may_move_block() {
  if (++blocks_ < blocks_per_turn) return true;
  boost::asio::post(worker_.loop.context(), [this] {
    if (client_ != nullptr) client_->on_call_event();
  });
  return false;
}

// ---- What the machine says --------------------------------------------------------------------------------

void UpstreamCall::follow(Step todo) {
  for (;;) {
    if (record_) record_->cancel(todo.losers, clock_.now());
    attempts_.drop(todo.losers, clock_.now());
    if (todo.kind == Step::Kind::done) return conclude();
    if (at_hand_ != nullptr) {
      last_words_ = {502, "http_response_incomplete", "the service answered with an error"};
      std::exchange(at_hand_, nullptr)->discard_response();
    }
    if (todo.kind == Step::Kind::wait) return attempts_.wait(todo.until);
    attempts_.stop_waiting();
    begin_attempt(todo);
    if (!machine_.races()) return;
    todo = machine_.on_timer(clock_.now());
  }
}

void UpstreamCall::begin_attempt(const Step& step) {
  clock_.begin_attempt();
  ++begun_;
  const telemetry::SpanId span =
      request_.trace.trace.valid() ? worker_.tracing.ids.next_span() : telemetry::SpanId{};
  const Upstream* upstream = service_->upstreams().pick(request_.spread_key, called_, clock_.now());
  if (record_)
    record_->begin_attempt(step, span, upstream == nullptr ? nullptr : &upstream->at, clock_.now());
  Attempt& attempt = attempts_.launch(step, clock_.now());
  if (upstream != nullptr) call_instance(*upstream, attempt);
  attempt.begin(*this, request_, span, source_, upstream == nullptr ? nullptr : upstream->pool.get(),
                clock_.now(), step.until);
}

/// The client gets the last attempt's response whenever there is one, unless a fallback has something else.
void UpstreamCall::conclude() {
  attempts_.stop_waiting();
  Attempt* at_hand = std::exchange(at_hand_, nullptr);
  const Ending& ending = machine_.ending();
  const Remarks said = remarks();
  if (record_ && said.chaos) record_->chaos();
  if (record_ && machine_.last_rejection()) record_->refused(*machine_.last_rejection(), clock_.now());
  const bool own_words = said.fallback != nullptr && !said.fallback->message.empty();
  if (ending.how == Ending::How::completed && at_hand != nullptr && !own_words) {
    machine_.reset();
    return start_response(*at_hand, said);
  }
  if (at_hand != nullptr) {
    last_words_ = {response_.status(), {}, "the service answered with an error"};
    at_hand->discard_response();
  }
  state_ = State::answered;
  switch (ending.how) {
    case Ending::How::refused: {
      const Rejection& rejection = *machine_.last_rejection();
      if (record_) record_->failed(to_string(rejection.reason));
      count_answer(status_of(rejection.reason));
      std::string breaker;
      client_->take_refusal(service_->policies().named(rejection, request_.value, breaker), said);
      note_refusal(rejection);
      break;
    }
    case Ending::How::answered:
      if (record_) record_->answered_from(answer_.detail().source);
      count_answer((*answer_.value)->status);
      client_->take_kept({*answer_.value, answer_.detail().source, answer_.detail().age}, said);
      break;
    case Ending::How::injected:
      give_failure(words_of(ending.outcome->type, said.chaos));
      break;
    case Ending::How::completed:
    case Ending::How::cancelled:
      give_failure(last_words_);
      break;
  }
  machine_.reset();
}

/// Without when to come back, which is another each time: then all refusals for one reason are of one kind.
void UpstreamCall::note_refusal(const Rejection& rejection) {
  worker_.note_failure(*service_, nullptr, std::to_string(status_of(rejection.reason)),
                       to_string(Rejection{rejection.reason, rejection.policy, std::nullopt}));
}

/// Without a response. A fallback of the kind `fail` gives its own message.
void UpstreamCall::give_failure(LastWords words) {
  const Remarks said = remarks();
  if (said.fallback != nullptr && !said.fallback->message.empty()) words.detail = said.fallback->message;
  count_answer(words.status);
  client_->take_failure(words, said);
  if (words.status >= 502)
    worker_.note_failure(*service_, last_called(), std::to_string(words.status), words.detail);
}

Remarks UpstreamCall::remarks() noexcept {
  return {machine_.chaos(), answer_.details ? answer_.details->failure.get() : nullptr};
}

void UpstreamCall::report(Attempt& attempt, const Outcome& outcome) {
  note_end(attempt, outcome, {});
  judge_instance(attempt, instances::CallEnd::answered(response_.status()));
  service_->count(outcome);
  attempts_.land(attempt, clock_.now());
  follow(machine_.on_outcome(attempt.branch(), outcome, clock_.now()));
}

/// Of a call whose response is on its way to the client already: nothing can come of it.
void UpstreamCall::settle(const Outcome& outcome) {
  note_end(*response_.attempt(), outcome, {});
  judge_instance(*response_.attempt(), instances::CallEnd::answered(response_.status()));
  if (!machine_.running()) return;
  service_->count(outcome);
  attempts_.land(*response_.attempt(), clock_.now());
  (void)machine_.on_outcome(response_.attempt()->branch(), outcome, clock_.now());
  machine_.reset();
}

void UpstreamCall::abandon() noexcept {
  machine_.reset();
  attempts_.drop_all(clock_.now());
  state_ = State::abandoned;
}

// ---- What the attempts bring ------------------------------------------------------------------------------

UpstreamCall::State UpstreamCall::advance(TimePoint now) {
  clock_.look(now);
  due_ = TimePoint::max();
  blocks_ = 0;
  while (state_ == State::deciding && look_at_all()) {
  }
  if (state_ == State::responding) relay();
  if (state_ == State::deciding || state_ == State::responding) end_look();
  return state_;
}

void UpstreamCall::end_look() {
  CallClock::Waits waits = CallClock::Waits::for_upstream;
  for (unsigned branch = 0; branch < attempts_.size(); ++branch) {
    const Attempt& attempt = attempts_[branch];
    if (attempt.connected() && !attempt.waits_for_upstream()) waits = CallClock::Waits::for_client;
  }
  clock_.end_look(waits);
  if (state_ == State::deciding && attempts_.waiting()) wait_until(attempts_.next_due());
}

bool UpstreamCall::takes_content() noexcept {
  for (unsigned branch = 0; branch < attempts_.size(); ++branch) {
    if (attempts_[branch].takes_content()) return true;
  }
  return false;
}

/// True when something has changed: then everything is looked at again.
bool UpstreamCall::look_at_all() {
  const bool woken = std::exchange(woken_, false);
  if (attempts_.waiting() && (woken || attempts_.wait_is_over(clock_.now()))) {
    follow(machine_.on_timer(clock_.now()));
    return true;
  }
  for (unsigned branch = 0; branch < attempts_.size(); ++branch) {
    Attempt& attempt = attempts_[branch];
    if (attempt.running() && look_at(attempt)) return true;
  }
  return false;
}

/// Of an attempt whose response is not there yet.
bool UpstreamCall::look_at(Attempt& attempt) {
  if (!attempt.connected()) {
    const Found found = attempt.connect(clock_.now());
    if (found == Found::failure) {
      fail(attempt, attempt.failure());
      return true;
    }
    if (found == Found::wait) {
      wait_until(attempt.until());
      return false;
    }
    // A request that is on its way may have its effect: to store it as well could give it two.
    if (!request_.repeatable() && service_->policies().queues()) machine_.commit();
  }
  if (attempt.push(clock_.now()) == Found::source_lost) {
    abandon();
    return true;
  }
  for (;;) {
    const Found found = attempt.pull_head();
    if (found == Found::wait) {
      attempt.end_look(clock_.now(), Attempt::Turn::upstreams);
      return is_late(attempt);
    }
    if (found == Found::reconnects) {
      ++service_->counts().fresh_attempts;
      return true;
    }
    if (found == Found::failure) {
      fail(attempt, attempt.failure());
      return true;
    }
    worker_.loop.fields().split_response(attempt.received(), attempt.head());
    if (found == Found::head) {
      take_head(attempt);
      return true;
    }
    if (client_->take_interim(attempt.head(), worker_.loop.fields()) == http::IoStatus::broken) {
      abandon();
      return true;
    }
    attempt.accept_head(clock_.now());
  }
}

/// A bad answer ends its attempt here if another answer may follow: once a byte has gone to the client, none
/// can. All other answers are reported to the policies when they have arrived whole.
void UpstreamCall::take_head(Attempt& attempt) {
  response_.take(attempt, worker_.loop.fields());
  if (service_->policies().reacts()) {
    const Outcome outcome = outcome_of_response();
    if (outcome.verdict == Verdict::failure || outcome.worth_repeating()) {
      at_hand_ = &attempt;
      return report(attempt, outcome);
    }
  }
  if (machine_.races()) {
    if (record_) record_->cancel(CallTrace::all_branches & ~(1U << attempt.branch()), clock_.now());
    attempts_.drop_all_but(attempt, clock_.now());
  }
  machine_.commit();
  start_response(attempt, remarks());
}

void UpstreamCall::start_response(Attempt& attempt, const Remarks& remarks) {
  const http::Head& head = attempt.head();
  const http::FieldList& fields = worker_.loop.fields();
  const PolicySet& policies = service_->policies();
  state_ = State::responding;
  // Before the client learns of it: what it asks for next must not come from before its change.
  if (request_.changes && response_.status() < 400) policies.versions()->advance(*request_.changes);
  if (attempt.branch() != 0) policies.hedge_wins()->add();
  const bool endless = attempt.has_endless_response();
  if (endless || announces_events(fields)) note_stream(fields);
  count_answer(response_.status());
  client_->take_head({head, fields, endless, remarks.chaos});
  const std::size_t most = worker_.limits.cached_body_bytes;
  const Duration ttl = cache() == nullptr ? Duration::zero() : cache()->options().ttl;
  const bool storable = machine_.running() && !request_.key.empty() && may_be_stored(head, fields, ttl) &&
                        (request_.to_head || head.content_length.value_or(0) <= most);
  if (storable) response_.keep_copy(fields, most);
  attempt.accept_head(clock_.now());
  // Requests that wait for this answer learn now that it is not shared, and not when it is complete.
  if (!storable && !request_.key.empty() && cache() != nullptr) will_not_share();
}

/// The latency of a stream, a response whose head does not say how long it is, ends with its head: it may go
/// on for long, and is not slow because of that. An event stream may never end, so its verdict is recorded
/// now; until its end it holds its place in a bulkhead.
void UpstreamCall::note_stream(const http::FieldList& fields) {
  response_.end_latency(latency(*response_.attempt()));
  if (announces_events(fields) && machine_.running())
    machine_.answer_began(response_.attempt()->branch(), outcome_of_response(), clock_.now());
}

void UpstreamCall::relay() {
  if (response_.attempt()->push(clock_.now()) == Found::source_lost) return abandon();
  while (relay_piece()) {
  }
}

/// False: no more can be done now.
bool UpstreamCall::relay_piece() {
  using Relayed = ResponseRelay::Found;
  Attempt& attempt = *response_.attempt();
  const Relayed looked = response_.look();
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
      abandon();
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

/// The machine's limit holds until the response begins. From there on, and while the client sends what is not
/// held, its timeout is for every single wait: a large body may take as long as it moves. True if it was
/// late: the attempt has failed.
bool UpstreamCall::is_late(Attempt& attempt) {
  constexpr std::string_view error = "http_response_timeout";
  const bool streams = is_chosen(attempt) || attempt.streams();
  if (attempt.waits_for_upstream()) {
    const TimePoint due = streams ? saturating_add(attempt.since(), service_->timeout()) : attempt.until();
    if (clock_.now() >= due) {
      fail(attempt, {Blame::time_limit, {504, error, "the service did not answer in time"}});
      return true;
    }
    wait_until(due);
  }
  if (streams && service_->deadline()) {
    const TimePoint due = clock_.started() + *service_->deadline() + clock_.clients_share();
    if (clock_.now() >= due) {
      fail(attempt, {Blame::time_limit, {504, error, "the service did not answer before the deadline"}});
      return true;
    }
    wait_until(due);
  }
  return false;
}

void UpstreamCall::fail(Attempt& attempt, const AttemptFailure& failure) {
  const Outcome outcome = outcome_of(attempt, failure.blame);
  note_end(attempt, outcome, failure.words.error);
  if (failure.blame != Blame::none) judge_instance(attempt, instances::CallEnd::local_error());
  if (is_chosen(attempt)) return break_off(failure, outcome);
  last_words_ = failure.words;
  attempt.abandon();
  if (failure.blame != Blame::time_limit || outcome.verdict != Verdict::failure)
    return report(attempt, outcome);
  service_->count(outcome);
  attempts_.land(attempt, clock_.now());
  follow(machine_.on_timeout(attempt.branch(), outcome.latency, clock_.now()));
}

void UpstreamCall::break_off(const AttemptFailure& failure, const Outcome& outcome) {
  ++service_->counts().responses_aborted;
  settle(outcome);
  attempts_.drop_all(clock_.now());
  worker_.note_failure(*service_, last_called(), "response broken off", failure.words.detail);
  state_ = State::broken_off;
}

Outcome UpstreamCall::outcome_of(const Attempt& attempt, Blame blame) const {
  switch (blame) {
    case Blame::none:
      break;
    case Blame::connection:
      return service_->classifier().of_connection_error(latency(attempt));
    case Blame::slow_connection:
    case Blame::time_limit:
      return service_->classifier().of_timeout(latency(attempt));
  }
  return Outcome::ignored();
}

Outcome UpstreamCall::outcome_of_response() const {
  return response_.outcome(service_->classifier(), latency(*response_.attempt()));
}

Duration UpstreamCall::latency(const Attempt& attempt) const noexcept {
  return response_.latency(clock_.now() - attempts_.started(attempt) - clock_.clients_share());
}

}  // namespace switchgear::gateway
