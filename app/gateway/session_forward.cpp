// What becomes of a request: an answer of our own, or a call to a service with its breaker's permit.
#include "app/gateway/forwarding.hpp"
#include "app/gateway/session.hpp"
#include "app/gateway/target_path.hpp"
#include "app/gateway/worker.hpp"
#include "switchgear/http/ascii.hpp"

namespace switchgear::gateway {

namespace {

// A body that is refused is read to its end if that is cheap, so that the connection can be kept.
constexpr std::uint64_t cheap_to_discard = 64 * 1024;

/// RFC 9110, 9.2.2.
[[nodiscard]] bool is_idempotent(std::string_view method) noexcept {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "PUT" || method == "DELETE";
}

/// Upgrades end here: the request is forwarded without them. But one that only looks like a WebSocket
/// handshake is a way to make an upstream that is not asked anything switch over, so it is not forwarded at
/// all.
[[nodiscard]] bool is_broken_websocket(const http::FieldList& fields) noexcept {
  const http::Field* upgrade = fields.find(http::FieldId::upgrade);
  return upgrade != nullptr && http::equals_lower(upgrade->value, "websocket") &&
         fields.find(http::FieldId::sec_websocket_key) == nullptr;
}

/// The state a rejection speaks of: the breaker itself may have moved on.
[[nodiscard]] State state_of(Reason reason) noexcept {
  switch (reason) {
    case Reason::open:
      return State::open;
    case Reason::half_open:
      return State::half_open;
    case Reason::forced_open:
      return State::forced_open;
    default:
      return State::closed;
  }
}

}  // namespace

AnswerFraming Session::framing_of_answer() {
  const bool cheap = request_done_ || body_.framing() == http::BodyReader::Framing::none ||
                     (body_.framing() == http::BodyReader::Framing::length &&
                      body_.left() <= cheap_to_discard && !expecting_);
  if (!cheap || worker_.draining()) keep_ = false;
  return {keep_, to_head_, worker_.loop().http_date()};
}

void Session::begin_answer(unsigned status) {
  if (head_held_) {
    client_->buffer().consume(validator_.head().size);
    head_held_ = false;
  }
  outbox_.begin(http::Coding::identity);
  outbox_.put(worker_.loop().scratch());
  answered_ = true;
  if (service_) {
    ++service_->counts().answers[status / 100];
  } else {
    worker_.count_unrouted(status);
  }
}

void Session::answer(const Answer& answer) {
  std::string& text = worker_.loop().scratch();
  text.clear();
  Answer named = answer;
  if (service_) named.service = service_->name();
  AnswerFraming framing = framing_of_answer();
  if (http10_ && keep_) framing.keep_alive = keep_ = false;
  write_answer(text, named, framing);
  begin_answer(answer.status);
}

void Session::answer_refusal(const Rejection& rejection) {
  std::string& text = worker_.loop().scratch();
  text.clear();
  AnswerFraming framing = framing_of_answer();
  if (http10_ && keep_) framing.keep_alive = keep_ = false;
  write_refusal(text, rejection, state_of(rejection.reason), framing);
  begin_answer(503);
}

void Session::refuse_head(http::HeadError error) {
  // Nobody knows where this message ends: nothing behind it can be read.
  keep_ = false;
  request_done_ = false;
  head_held_ = false;
  to_head_ = false;
  service_.reset();
  body_ = {};
  answer({http::status_of(error), "http_request_error", to_string(error)});
}

void Session::take_request() {
  const http::Head& head = validator_.head();
  to_head_ = head.method == "HEAD";
  http10_ = head.version < 11;
  keep_ = head.persistent();
  expecting_ = head.expects_continue && !http10_;
  request_done_ = upstream_deaf_ = answered_ = repeated_ = client_blocked_ = false;
  status_ = 0;
  retry_after_.reset();
  client_share_ = Duration::zero();
  client_gone_ = TimePoint{};
  service_.reset();
  body_.start_request(head);
  head_held_ = true;

  if (!worker_.loop().fields().parse_request(client_->buffer().view(), head)) {
    head_held_ = false;
    return refuse_head(http::HeadError::parsers_disagree);
  }
  if (is_broken_websocket(worker_.loop().fields()))
    return answer({400, "http_request_error", "a WebSocket handshake without its key"});
  if (head.content_length.value_or(0) > worker_.limits().body_bytes)
    return answer({413, "http_request_error", "the request's content is too large"});
  if (head.method == "CONNECT" || head.method == "TRACE")
    return answer({405,
                   "http_request_error",
                   "this method is not served here",
                   {},
                   "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"});
  if (head.form == http::TargetForm::asterisk) {
    std::string& text = worker_.loop().scratch();
    text.clear();
    write_empty(text, framing_of_answer());
    return begin_answer(200);
  }
  const TargetPath path{head.path};
  if (!path.valid()) return answer({400, "http_request_error", "the path is malformed"});
  Service* service = worker_.routes().find(path.view());
  if (service == nullptr)
    return answer({404, "destination_not_found", "no service has a route for this path"});
  start_call(*service);
}

void Session::start_call(Service& service) {
  service_ = &service;
  call_started_ = now_;
  if (CircuitBreaker* breaker = service.breaker()) {
    Result<CircuitBreaker::Permit> permit = breaker->try_acquire(now_);
    if (!permit) return answer_refusal(permit.rejection());
    permit_.emplace(*std::move(permit));
  }
  call_open_ = true;
  repeatable_ = body_.framing() == http::BodyReader::Framing::none && is_idempotent(validator_.head().method);
  put_request_head();
  if (!repeatable_) {
    client_->buffer().consume(validator_.head().size);
    head_held_ = false;
  }
  ask_for_connection(http::ConnectionPool::Reuse::allowed);
}

/// The head as the upstream gets it, into the exchange: before a connection is asked for, because others may
/// run meanwhile and use the loop's scratch.
void Session::put_request_head() {
  std::string& text = worker_.loop().scratch();
  text.clear();
  write_request(text, validator_.head(), worker_.loop().fields(),
                {service_->options().base_path, service_->authority(), client_address_});
  const bool chunked = body_.framing() == http::BodyReader::Framing::chunked;
  exchange_.request().clear();
  exchange_.request().begin(chunked ? http::Coding::chunked : http::Coding::identity);
  exchange_.request().put(text);
}

void Session::ask_for_connection(http::ConnectionPool::Reuse reuse) {
  connect_error_.reset();
  part_ = Part::connecting;
  switch (service_->pool()->acquire(*this, lease_, reuse)) {
    case http::ConnectionPool::Answer::ready:
      // A request that could not be repeated is worth a look whether its connection is still good.
      if (!repeatable_ && lease_.stream().has_unexpected_input()) {
        lease_.drop();
        return ask_for_connection(http::ConnectionPool::Reuse::never);
      }
      return;
    case http::ConnectionPool::Answer::waiting:
      return;
    case http::ConnectionPool::Answer::full:
      settle(Outcome::ignored());
      return answer(
          {503, "connection_limit_reached", "too many requests wait for a connection to the service"});
  }
}

Session::Step Session::forward() {
  if (killed_) return Step::over;
  for (;;) {
    if (part_ != Part::connecting && part_ != Part::exchanging) return Step::go;
    if (answered_ && !exchange_.active()) return Step::go;
    const Step step = part_ == Part::connecting ? connect() : exchange();
    if (step != Step::go) return step;
  }
}

Session::Step Session::connect() {
  if (lease_) return take_connection();
  if (connect_error_) return connect_failed(*connect_error_);
  const TimePoint due =
      call_started_ + std::min(service_->timeout(), service_->deadline().value_or(Duration::max()));
  if (now_ >= due) {
    // The pool's own limits, or a connection that is slower than the call may be: neither was a call.
    service_->pool()->forget(*this);
    settle(Outcome::ignored());
    answer({503, "connection_limit_reached", "no connection to the service became free in time"});
    return Step::go;
  }
  wait_until(due);
  if (const Step step = watch_client(); step != Step::wait) return step;
  return Step::wait;
}

Session::Step Session::take_connection() {
  lease_.stream().set_owner(this);
  exchange_.begin(std::move(lease_), to_head_);
  part_ = Part::exchanging;
  rounds_ = 0;
  upstream_since_ = client_since_ = now_;
  waits_for_upstream_ = true;
  return Step::go;
}

Session::Step Session::connect_failed(http::ConnectError error) {
  switch (error) {
    case http::ConnectError::refused:
      return upstream_failed("connection_refused", "the service takes no connection");
    case http::ConnectError::unresolved:
      return upstream_failed("dns_error", "the service's name cannot be resolved");
    case http::ConnectError::timeout:
      return upstream_timed_out("connection_timeout", "the service did not take the connection in time");
    case http::ConnectError::resources:
      settle(Outcome::ignored());
      answer({503, "proxy_internal_error", "the gateway has no descriptor left"});
      return Step::go;
  }
  return Step::over;
}

Duration Session::latency() const noexcept { return now_ - call_started_ - client_share_; }

void Session::settle(const Outcome& outcome) {
  if (!std::exchange(call_open_, false)) return;
  if (CircuitDurations* durations = service_->durations();
      durations != nullptr && outcome.verdict != Verdict::ignored)
    (outcome.verdict == Verdict::success ? durations->success : durations->failure).record(outcome.latency);
  if (!permit_) return;
  if (outcome.verdict != Verdict::ignored) std::move(*permit_).record(outcome, now_);
  permit_.reset();  // unrecorded: ignored, by the permit's own rule
}

}  // namespace switchgear::gateway
