#include "app/gateway/call/upstream_call.hpp"

#include <boost/asio/post.hpp>
#include <string>
#include <utility>

namespace switchgear::gateway {

namespace {

using Found = Attempt::Found;
using Blame = AttemptFailure::Blame;

// After this many blocks without a pause the other connections get their turn.
constexpr std::uint32_t blocks_per_turn = 32;

}  // namespace

void UpstreamCall::prepare(ServicePtr service, const AskedFor& asked, CallRequest::Origin origin) {
  const bool divides = service->split() != nullptr && origin == CallRequest::Origin::client;
  service_ = divides ? split_.divide(std::move(service), asked.fields) : std::move(service);
  begun_ = 0;
  request_.take(asked, *service_, worker_, origin);
  agent_.take(asked, *service_, worker_.routes.router());
  client_key_ = std::hash<std::string_view>{}(asked.from.client);
  if (request_.trace.span.valid()) [[unlikely]]
    record_ = std::make_unique<CallTrace>(asked, request_, *service_);
}

void UpstreamCall::start(CallClient& client, ContentSource* source, TimePoint now) {
  client_ = &client;
  source_ = source;
  state_ = State::deciding;
  clock_.begin(now);
  if (record_) record_->begin(now);
  if (split_) split_.begin(now);
  request_.settle_content();
  if (agent_) {
    agent_.begin(request_);
    if (agent_.is_harmless() && request_.content != CallRequest::Content::streamed)
      request_.repeats = Repeatable::yes;
    if (agent_.may_not_be_repeated()) request_.repeats = Repeatable::no;
  }
  options_.key = request_.key;
  options_.payload = request_.payload;
  options_.value = request_.value;
  options_.repeatable = request_.repeats;
  options_.deadline = request_.deadline;
  const PolicySet& policies = service_->policies();
  // A stored call gets no fallback: it is over only when its service has answered it.
  const bool bare =
      request_.origin == CallRequest::Origin::queue || (policies.queues() && request_.payload.empty());
  const UseFallback fallback = bare ? UseFallback::no : UseFallback::yes;
  // A message may be sent again after an attempt that had no effect, and never beside one that is under way.
  const UseHedge hedge = agent_ && !request_.repeatable() ? UseHedge::no : UseHedge::yes;
  follow(machine_.start(policies, fallback, hedge, options_, *this, answer_, now));
}

void UpstreamCall::end() noexcept {
  if (record_) hand_in_record();
  if (split_) split_.end();
  machine_.reset();  // first: it borrows what follows
  if (service_) attempts_.drop_all(clock_.now());
  attempts_.forget_hedges();
  attempts_.stop_waiting();
  if (answer_.value || answer_.details) answer_ = {};
  request_.forget();
  if (agent_) agent_.end();
  response_.forget();
  pace_.stop();
  refused_.reset();
  refusal_seen_.reset();
  recent_.stop();
  leave_list();
  client_ = nullptr;
  source_ = nullptr;
  called_.clear();
  at_hand_ = nullptr;
  woken_ = aside_ = excused_ = clients_doing_ = open_ended_ = false;
  doubted_ = lost_client_ = alone_ = probes_early_ = false;
  service_.reset();
  state_ = State::idle;
}

/// A call that was not begun is not told of.
void UpstreamCall::hand_in_record() noexcept {
  const bool is_answered = !alone_ && (state_ == State::answered || state_ == State::upgraded);
  const std::string_view how = is_answered                   ? "answered"
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
  options_.repeatable = request_.repeats;
  const telemetry::SpanId span =
      request_.trace.trace.valid() ? worker_.tracing.ids.next_span() : telemetry::SpanId{};
  probes_early_ = request_.content == CallRequest::Content::streamed && would_probe(clock_.now());
  const Upstream* upstream = service_->upstreams().pick(request_.spread_key, called_, clock_.now());
  if (record_)
    record_->begin_attempt(step, span, upstream == nullptr ? nullptr : &upstream->at, clock_.now());
  Attempt& attempt = attempts_.launch(step, clock_.now());
  attempt.spoken = nullptr;
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
      if (split_) split_.refused();
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
void UpstreamCall::give_failure(LastWords words, const Remarks& said) {
  if (said.fallback != nullptr && !said.fallback->message.empty()) words.detail = said.fallback->message;
  count_answer(words.status);
  if (split_ && words.status >= 500 && !excused_) split_.failed();
  client_->take_failure(words, said);
  if (words.status >= 502 && !alone_)
    worker_.note_failure(*service_, last_called(), std::to_string(words.status), words.detail);
}

Remarks UpstreamCall::remarks() noexcept {
  return {machine_.chaos(), answer_.details ? answer_.details->failure.get() : nullptr};
}

void UpstreamCall::report(Attempt& attempt, const Outcome& outcome) {
  take_up(attempt);
  note_end(attempt, outcome, {});
  judge_by_answer(attempt);
  service_->count(outcome);
  attempts_.land(attempt, clock_.now());
  follow(machine_.on_outcome(attempt.branch(), outcome, clock_.now()));
}

void UpstreamCall::abandon() noexcept {
  note_lost_probe();
  machine_.reset();
  attempts_.drop_all(clock_.now());
  state_ = State::abandoned;
}

/// A breaker waits for its verdict, which has not been given yet, and what the client does from here on is
/// not the service's affair.
bool UpstreamCall::can_go_on_alone() noexcept {
  if ((state_ != State::deciding && state_ != State::responding) || !machine_.running()) return false;
  if (aside_ || open_ended_) return false;
  for (unsigned branch = 0; branch < attempts_.size(); ++branch) {
    const Attempt& attempt = attempts_[branch];
    if (!attempt.running()) continue;
    const bool held = request_.content != CallRequest::Content::streamed;
    const bool whole = attempt.connected() && (attempt.sent_whole() || held);
    const bool on_its_way = !attempt.connected() && request_.repeatable() && !attempt.in_line();
    if (!whole && !on_its_way) continue;
    if (service_->policies().wait_for_verdict(request_.value, attempts_.started(attempt), clock_.now()))
      return true;
  }
  return false;
}

void UpstreamCall::go_on_alone(CallClient& stand_in) noexcept {
  client_ = &stand_in;
  source_ = nullptr;
  lost_client_ = false;
  alone_ = true;
  machine_.commit();
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
      AttemptFailure failure = attempt.failure();
      const bool in_a_hurry = attempt.until() == options_.deadline && clock_.now() >= options_.deadline;
      if (failure.blame == Blame::slow_connection && in_a_hurry) failure.blame = Blame::callers_limit;
      fail(attempt, failure);
      return true;
    }
    if (found == Found::wait) {
      wait_for_connection(attempt);
      return false;
    }
    if ((attempt.in_line() || attempt.last_wait() != Duration::zero()) && !readmit(attempt)) return true;
    attempt.take_connection(clock_.now());
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
      return ends_expectation(attempt) || is_late(attempt);
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
    worker_.loop.fields().end_hop(attempt.head());
    if (found == Found::head) {
      const bool switched = attempt.head().status == 101;
      if (agent_) agent_.forget_answer();  // another attempt's, when they race
      if (switched && !attempt.switches_as_asked(worker_.loop.fields())) {
        fail(attempt, attempt.failure());
      } else if (agent_ && !switched && holds_answer(attempt)) {
        attempt.end_look(clock_.now(), Attempt::Turn::upstreams);
        return is_late(attempt);
      } else {
        if (agent_ && !switched)
          agent_.take_stream(attempt.head(), worker_.loop.fields(), worker_.limits.buffered_body_bytes);
        take_head(attempt);
      }
      return true;
    }
    if (client_->take_interim(attempt.head(), worker_.loop.fields()) == http::IoStatus::broken) {
      lost_client_ = true;
      return false;
    }
    attempt.accept_head(clock_.now());
  }
}

/// True while the answer of an agent is not all there yet: what came of the call is said in it.
bool UpstreamCall::holds_answer(Attempt& attempt) {
  if (agent_.reading(attempt.head(), worker_.loop.fields()) != AgentNote::Reading::whole) return false;
  const Found found = attempt.hold_body(worker_.limits.buffered_body_bytes);
  if (found == Found::wait) return true;
  worker_.loop.fields().split_response(attempt.received(), attempt.head());
  worker_.loop.fields().end_hop(attempt.head());
  const bool whole = found == Found::content;
  agent_.judge(attempt.head().status, whole ? std::optional(attempt.held_content()) : std::nullopt,
               worker_.loop.fields(), worker_.routes.router());
  return false;
}

/// A bad answer ends its attempt here if another answer may follow: once a byte has gone to the client, none
/// can. All other answers are reported to the policies when they have arrived whole.
void UpstreamCall::take_head(Attempt& attempt) {
  if (attempt.head().status != 101 && attempt.inspect_body() == Found::failure)
    return fail(attempt, attempt.failure());
  if (attempt.holds_back()) clock_.end_silence();
  response_.take(attempt, worker_.loop.fields());
  excused_ = (response_.status() == 408 || response_.status() >= 500) && was_kept_waiting(attempt);
  if (service_->policies().reacts() && response_.status() != 101) {
    const Outcome outcome = outcome_of_response();
    if (outcome.verdict == Verdict::failure || outcome.worth_repeating()) {
      // An agent that says when to come back has not acted on the message.
      if (agent_ && agent_may_be_asked_again()) options_.repeatable = Repeatable::yes;
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

Outcome UpstreamCall::outcome_of(const Attempt& attempt, Blame blame) const {
  switch (blame) {
    case Blame::none:
      break;
    case Blame::connection:
    case Blame::broken_off:
      return counted(service_->classifier().of_connection_error(latency(attempt)));
    case Blame::slow_connection:
    case Blame::time_limit:
    case Blame::callers_limit:
    case Blame::wait_in_line:
      return counted(service_->classifier().of_timeout(latency(attempt)));
  }
  return Outcome::ignored();
}

Outcome UpstreamCall::outcome_of_response() const {
  if (agent_ && !excused_) {
    return counted(agent_.outcome(*service_, response_.status(), response_.retry_after(),
                                  response_.latency(latency(*response_.attempt()))));
  }
  return outcome_of_status();
}

Outcome UpstreamCall::outcome_of_status() const {
  if (excused_) return Outcome::ignored();
  return counted(response_.outcome(service_->classifier(), request_.support, latency(*response_.attempt())));
}

/// By the answer that has come, unless that is its caller's doing: then nothing counts. Of a good status of
/// an agent, what counts is what its body says, as for the breaker.
void UpstreamCall::judge_by_answer(Attempt& attempt) {
  if (!attempt.instance_call) return;
  const unsigned status = response_.status();
  const bool by_body = agent_ && status >= 200 && status < 300;
  const Outcome outcome = by_body ? outcome_of_response() : outcome_of_status();
  const bool unknown_method = status == 501 && request_.support == http::Support::optional;
  if (outcome.verdict == Verdict::ignored || (unknown_method && outcome.verdict != Verdict::failure))
    return attempt.instance_call.reset();
  if (!by_body || outcome.verdict != Verdict::failure)
    return judge_instance(attempt, instances::CallEnd::answered(status));
  const bool unanswered = outcome.type == FailureType::connection_error;  // a stream without an event
  judge_instance(attempt, unanswered ? instances::CallEnd::local_error() : instances::CallEnd::answered(500));
}

/// A task that has failed is over: to send its message again would begin another.
bool UpstreamCall::is_settled_by(unsigned status) const {
  const Outcome outcome = agent_ ? agent_.outcome(*service_, status, {}, {})
                                 : service_->classifier().of_status(status, {}, {}, request_.support);
  if (agent_ && status < 300 && outcome.repeat == Repeat::pointless) return true;
  return outcome.verdict != Verdict::failure && !outcome.worth_repeating();
}

Duration UpstreamCall::latency(const Attempt& attempt) const noexcept {
  return response_.latency(clock_.now() - attempts_.started(attempt) - clock_.clients_share() -
                           clock_.silence() - attempt.waited());
}

}  // namespace switchgear::gateway
