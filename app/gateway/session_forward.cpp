// What becomes of a request: an answer of our own, or a call to a service.
#include "app/gateway/heads/forwarding.hpp"
#include "app/gateway/heads/storing_rules.hpp"
#include "app/gateway/heads/target_path.hpp"
#include "app/gateway/queue_replay.hpp"
#include "app/gateway/session.hpp"
#include "app/gateway/worker.hpp"
#include "switchgear/http/ascii.hpp"

namespace switchgear::gateway {

namespace {

using BodyState = http::BodyReader::State;
using BodyFramingKind = http::BodyReader::Framing;

/// RFC 9110, 9.2.2.
[[nodiscard]] bool is_idempotent(std::string_view method) noexcept {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "PUT" || method == "DELETE";
}

/// The client says that the service knows a repeated request by this (draft-ietf-httpapi-idempotency-key). An
/// empty one tells nothing apart, and one that Connection names does not reach the service.
[[nodiscard]] bool has_idempotency_key(const http::Head& head, const http::FieldList& fields) noexcept {
  bool found = false;
  for (const http::Field& field : fields) {
    if (field.id == http::FieldId::unknown && http::equals_lower(field.name, "idempotency-key"))
      found = !field.value.empty() && field.value != "\"\"";
  }
  for (std::size_t i = 0; found && i < head.connection_options; ++i)
    found = !http::equals_lower(head.connection_option[i], "idempotency-key");
  return found;
}

/// Upgrades end here: the request is forwarded without them. But one that only looks like a WebSocket
/// handshake is a way to make an upstream that is not asked anything switch over, so it is not forwarded at
/// all.
[[nodiscard]] bool is_broken_websocket(const http::FieldList& fields) noexcept {
  const http::Field* upgrade = fields.find(http::FieldId::upgrade);
  return upgrade != nullptr && http::equals_lower(upgrade->value, "websocket") &&
         fields.find(http::FieldId::sec_websocket_key) == nullptr;
}

}  // namespace

void Session::take_request() {
  const http::Head& head = validator_.head();
  to_head_ = head.method == "HEAD";
  http10_ = head.version < 11;
  keep_ = head.persistent() && !replayed_;
  expecting_ = head.expects_continue && !http10_;
  request_done_ = answered_ = client_blocked_ = false;
  status_ = 0;
  retry_after_.reset();
  client_share_ = Duration::zero();
  client_gone_ = TimePoint{};
  chosen_ = nullptr;
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
  Service* service = replayed_ ? replayed_.get() : worker_.routes().find(path.view());
  if (service == nullptr)
    return answer({404, "destination_not_found", "no service has a route for this path"});
  if (was_forwarded_by(worker_.pseudonym(), worker_.loop().fields())) return refuse_loop(*service);
  start_call(*service);
}

/// The service, or whatever its name leads to, is this gateway.
void Session::refuse_loop(Service& service) {
  service_ = &service;
  ++service.counts().loops;
  answer({508, "proxy_loop_detected", "this gateway has forwarded the same request before (see Via)"});
}

bool Session::may_repeat(const PolicySet& policies) const {
  if (is_idempotent(validator_.head().method)) return true;
  return (policies.repeats() || policies.queues()) &&
         has_idempotency_key(validator_.head(), worker_.loop().fields());
}

void Session::start_call(Service& service) {
  service_ = &service;
  call_ = worker_.calls().take(*this);
  call_started_ = client_since_ = now_;
  const http::Head& head = validator_.head();
  const PolicySet& policies = service.policies();
  const bool bodiless = body_.framing() == BodyFramingKind::none;
  const bool harmless = may_repeat(policies);
  // Who says Expect wants the service's own word before the content is sent: that is not for us to say.
  const bool queues = policies.queues() && !replayed_;
  call_->holds_body = !bodiless && !expecting_ && (queues || (policies.repeats() && harmless)) &&
                      body_.framing() == BodyFramingKind::length &&
                      body_.left() <= worker_.limits().buffered_body_bytes;
  repeatable_ = harmless && (bodiless || call_->holds_body);
  if (queues && (bodiless || call_->holds_body))
    write_stored_request(call_->payload, client_address_,
                         client_->buffer().view().substr(head.skipped, head.size - head.skipped));
  if (policies.remembers()) {
    const std::size_t place = UriVersions::place_of(head.path);
    if (is_unsafe(head, worker_.loop().fields())) call_->changes = place;
    write_answer_key(call_->key, head, worker_.loop().fields(), policies.versions()->at(place));
  }
  write_request(call_->head, head, worker_.loop().fields(),
                {service_->options().base_path, service_->authority(), client_address_, worker_.pseudonym()});
  client_->buffer().consume(head.size);
  head_held_ = false;
  request_done_ = bodiless;
  if (call_->holds_body) {
    part_ = Part::buffering;
  } else {
    begin_call();
  }
}

/// Small contents of requests that may be made twice are taken whole first: then an attempt is one piece, and
/// the client's pace is no part of it.
Session::Step Session::buffer_request() {
  http::ReadBuffer& buffer = client_->buffer();
  for (;;) {
    switch (body_.next(buffer, client_->ended())) {
      case BodyState::content:
        call_->body.append(buffer.view().substr(0, body_.content()));
        body_.used(buffer, body_.content());
        continue;
      case BodyState::done:
        body_.finish(buffer);
        request_done_ = true;
        call_started_ = now_;
        if (!call_->payload.empty()) call_->payload.append(call_->body);
        begin_call();
        return Step::go;
      case BodyState::truncated:
      case BodyState::broken:
        return client_left();
      case BodyState::more:
        break;
    }
    if (!make_room(http::BlockPool::block_size)) return Step::over;
    http::IoStatus status = client_->receive();
    if (status == http::IoStatus::would_block && client_->doubt()) status = client_->receive();
    if (status == http::IoStatus::broken) return client_left();
    if (status == http::IoStatus::ok) client_since_ = now_;
    if (status != http::IoStatus::would_block) continue;  // at an end the body says whether it was whole
    const TimePoint due = client_since_ + worker_.limits().body_timeout;
    if (now_ >= due)
      return give_up(408, "http_request_error", "the request's content did not arrive in time");
    wait_until(due);
    client_->watch_readable();
    return Step::wait;
  }
}

Session::Step Session::forward() {
  if (killed_) return Step::over;
  for (;;) {
    Step step = Step::go;
    switch (part_) {
      case Part::buffering:
        step = buffer_request();
        break;
      case Part::calling:
        step = run_call();
        break;
      case Part::exchanging:
        step = exchange();
        break;
      default:
        return Step::go;
    }
    if (step != Step::go) return step;
    if (answered_ && (chosen_ == nullptr || !chosen_->running())) return Step::go;
  }
}

}  // namespace switchgear::gateway
