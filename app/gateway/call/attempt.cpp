#include "app/gateway/call/attempt.hpp"

#include <algorithm>
#include <utility>

#include "app/gateway/heads/upgrade.hpp"
#include "switchgear/http/crossing.hpp"

namespace switchgear::gateway {

namespace {
using Blame = AttemptFailure::Blame;
using BodyState = http::BodyReader::State;

constexpr http::HeadLimits response_limits{std::size_t{64} * 1024, 200, 0};
// Of one attempt. More than a service has reason for, even if it says 102 every few seconds.
constexpr std::uint32_t most_interims = 100;
// A shorter wait is that of a connection that is made at once.
constexpr Duration shortest_wait_in_line = std::chrono::milliseconds{1};
}  // namespace

Attempt::Attempt(unsigned branch) : branch_(branch), exchange_(response_limits) {}

void Attempt::begin(AttemptOwner& owner, const CallRequest& request, telemetry::SpanId span,
                    ContentSource* source, http::ConnectionPool* pool, TimePoint now, TimePoint until) {
  owner_ = &owner;
  request_ = &request;
  span_ = span;
  source_ = source;
  pool_ = pool;
  until_ = until;
  since_ = now;
  sending_ = Sending::under_way;
  turn_ = Turn::clients;
  sent_ = 0;
  interims_ = 0;
  error_.reset();
  waited_ = last_wait_ = {};
  looked_again_ = {};
  in_line_ = holds_body_ = false;
  if (pool_ == nullptr) {
    phase_ = Phase::unplaced;
    return;
  }
  if (request.coding == http::Coding::chunked && to_http10()) {
    phase_ = Phase::unsendable;
    return;
  }
  ask_for_connection(http::ConnectionPool::Reuse::allowed, now);
}

void Attempt::abandon() noexcept {
  if (pool_ != nullptr) pool_->forget(*this);
  instance_call.reset();
  lease_.drop();
  exchange_.abandon();
  error_.reset();
  holds_body_ = false;
  phase_ = Phase::idle;
}

void Attempt::finish() noexcept {
  phase_ = Phase::idle;
  instance_call.reset();
  exchange_.finish(sending_ == Sending::done);
}

void Attempt::discard_response() noexcept {
  http::ReadBuffer& buffer = exchange_.stream().buffer();
  exchange_.accept_head();
  for (;;) {
    switch (exchange_.body().next(buffer, exchange_.stream().ended())) {
      case BodyState::content:
        exchange_.body().used(buffer, exchange_.body().content());
        continue;
      case BodyState::done:
        return finish();
      case BodyState::more:
      case BodyState::truncated:
      case BodyState::broken:
        // To wait for the rest would cost more than a new connection does.
        phase_ = Phase::idle;
        instance_call.reset();
        return exchange_.abandon();
    }
  }
}

bool Attempt::takes_content() const noexcept {
  return phase_ == Phase::exchanging && request_->content == CallRequest::Content::streamed &&
         (sending_ == Sending::under_way || sending_ == Sending::held_back);
}

bool Attempt::has_endless_response() const noexcept {
  const http::BodyReader::Framing framing = exchange_.framing_ahead();
  return framing == http::BodyReader::Framing::until_end || framing == http::BodyReader::Framing::chunked;
}

void Attempt::on_connection(http::Lease given) {
  end_wait();
  lease_ = std::move(given);
  owner_->on_attempt_event();
}

void Attempt::on_connect_error(http::ConnectError why) {
  end_wait();
  error_ = why;
  owner_->on_attempt_event();
}

/// Only the part of it before the pool has turned to it.
void Attempt::end_wait() noexcept {
  const Duration wait = saturating_sub(served_since, asked_);
  if (wait < shortest_wait_in_line) return;
  waited_ += wait;
  last_wait_ = wait;
}

void Attempt::ask_for_connection(http::ConnectionPool::Reuse which, TimePoint now) {
  error_.reset();
  asked_ = now;
  phase_ = Phase::connecting;
  switch (pool_->acquire(*this, lease_, which)) {
    case http::ConnectionPool::Answer::ready:
      // A request that could not be repeated is worth a look whether its connection is still good.
      if (!request_->repeatable() && lease_.stream().has_unexpected_input()) {
        lease_.drop();
        return ask_for_connection(http::ConnectionPool::Reuse::never, now);
      }
      return;
    case http::ConnectionPool::Answer::waiting:
      return;
    case http::ConnectionPool::Answer::full:
      phase_ = Phase::unplaced;
      return;
  }
}

Attempt::Found Attempt::connect(TimePoint now) {
  if (phase_ == Phase::unplaced && pool_ == nullptr) {
    return fail(Blame::none, {503, "no_healthy_instance", "every instance of the service is left out"});
  }
  if (phase_ == Phase::unplaced) {
    return fail(Blame::none,
                {503, "connection_limit_reached", "too many requests wait for a connection to the service"});
  }
  if (phase_ == Phase::unsendable) {
    return fail(Blame::none,
                {411, "http_request_error",
                 "the service speaks HTTP/1.0: content of this size needs a Content-Length, not chunks"});
  }
  if (lease_) return Found::connection;
  if (error_) return no_connection(*error_);
  if (now < until_) return Found::wait;
  if (!in_line_ && pool_->connects_for(*this)) return no_connection(http::ConnectError::timeout);
  // All connections are in use: that says nothing about the service.
  return fail(Blame::none,
              {503, "connection_limit_reached", "no connection to the service became free in time"});
}

void Attempt::take_connection(TimePoint now) {
  lease_.stream().set_owner(this);
  exchange_.begin(std::move(lease_), request_->to_head);
  exchange_.request().begin(request_->coding);
  request_->put_head(exchange_.request(), span_, saturating_sub(until_, now), to_http10());
  phase_ = Phase::exchanging;
  since_ = taken_ = now;
  turn_ = Turn::upstreams;
}

void Attempt::decline_connection() noexcept {
  lease_.give_back();
  abandon();
}

Attempt::Found Attempt::no_connection(http::ConnectError why) {
  failure_ = failure_of(why);
  return Found::failure;
}

Attempt::Found Attempt::push(TimePoint now) {
  turn_before_ = std::exchange(turn_, Turn::clients);
  if (sending_ == Sending::done || sending_ == Sending::deaf) return Found::wait;
  return request_->content == CallRequest::Content::streamed ? push_streamed(now) : push_held();
}

Attempt::Found Attempt::push_held() {
  http::Stream& upstream = exchange_.stream();
  const http::Stream::Sent sent =
      exchange_.request().send(upstream, {std::string_view{request_->body}.substr(sent_), true});
  sent_ += sent.size;
  if (sent.status == http::IoStatus::broken) {
    sending_ = Sending::deaf;  // it may have answered before it stopped listening
  } else if (sent.status == http::IoStatus::would_block) {
    turn_ = Turn::upstreams;
    upstream.watch_writable();
  } else {
    sending_ = Sending::done;
  }
  return Found::wait;
}

Attempt::Found Attempt::push_streamed(TimePoint now) {
  http::Outbox& out = exchange_.request();
  http::Stream& upstream = exchange_.stream();
  if (const std::string_view held = std::string_view(request_->body).substr(sent_); !held.empty()) {
    const http::Stream::Sent sent = out.send(upstream, {held, false});
    sent_ += sent.size;
    if (sent.size != 0) since_ = now;
    if (sent.status == http::IoStatus::broken) {
      sending_ = Sending::deaf;
      return Found::wait;
    }
    if (sent.status == http::IoStatus::would_block) {
      turn_ = Turn::upstreams;
      upstream.watch_writable();
      return Found::wait;
    }
  }
  for (;;) {
    const ContentSource::Piece piece = source_->next_piece(now);
    if (piece.state == ContentSource::State::lost) return Found::source_lost;
    sending_ = piece.state == ContentSource::State::held_back ? Sending::held_back : Sending::under_way;
    if (!out.idle() || !piece.content.bytes.empty() || piece.content.last) {
      const http::Stream::Sent sent = out.send(upstream, piece.content);
      if (sent.size != 0) {
        source_->used(sent.size);
        since_ = now;
      }
      if (sent.status == http::IoStatus::broken) {
        sending_ = Sending::deaf;  // it may have answered before it stopped listening
        return Found::wait;
      }
      if (sent.status == http::IoStatus::would_block) {
        turn_ = Turn::upstreams;
        upstream.watch_writable();
        return Found::wait;
      }
      if (piece.content.last && out.complete()) {
        source_->all_used();
        sending_ = Sending::done;
        since_ = now;
        return Found::wait;
      }
    }
    if (piece.state != ContentSource::State::content || !owner_->may_move_block()) return Found::wait;
  }
}

Attempt::Found Attempt::pull_head() {
  if (holds_body_) return Found::head;
  switch (exchange_.read_head()) {
    case http::Exchange::Read::wait:
      exchange_.stream().watch_readable();
      return Found::wait;
    case http::Exchange::Read::closed:
      return closed_before_answer();
    case http::Exchange::Read::malformed:
      return fail(Blame::connection, {502, "http_protocol_error", to_string(exchange_.head_error())});
    case http::Exchange::Read::head:
      break;
  }
  if (spoken != nullptr) spoken->note(head().version, head().status);
  if (head().status >= 200) return Found::head;
  if (head().status == 101) {
    if (!request_->upgrade.empty()) return Found::head;
    return fail(Blame::connection, {502, "http_upgrade_failed", "the service switched protocols unasked"});
  }
  if (++interims_ > most_interims) {
    return fail(Blame::connection,
                {502, "http_protocol_error", "the service sent too many interim responses"});
  }
  return Found::interim;
}

Attempt::Found Attempt::inspect_body() {
  switch (exchange_.look_ahead()) {
    case http::Exchange::Ahead::sound:
      return Found::head;
    case http::Exchange::Ahead::cut_short:
      return fail(Blame::connection, {502, "http_response_incomplete", "the service broke off its answer"});
    case http::Exchange::Ahead::malformed:
      break;
  }
  return fail(Blame::connection,
              {502, "http_response_transfer_coding", "the service's chunks are malformed"});
}

bool Attempt::switches_as_asked(const http::FieldList& fields) {
  if (sending_ == Sending::done && confirms_upgrade(head(), fields, request_->upgrade, request_->proof))
    return true;
  (void)fail(Blame::connection,
             {502, "http_upgrade_failed", "the service switched protocols, and not as it was asked to"});
  return false;
}

Attempt::Found Attempt::hold_body(std::size_t most) {
  holds_body_ = false;
  switch (exchange_.hold_body(most)) {
    case http::Exchange::Held::wait:
      holds_body_ = true;
      exchange_.stream().watch_readable();
      return Found::wait;
    case http::Exchange::Held::whole:
      return Found::content;
    case http::Exchange::Held::too_long:
    case http::Exchange::Held::ended:
      break;
  }
  return Found::head;
}

void Attempt::accept_head(TimePoint now) noexcept {
  since_ = now;
  exchange_.accept_head();
}

/// Of a connection that ended before a byte of the answer came on it. One that was kept may have been closed
/// just as it was taken (RFC 9112, 9.3.1): that says nothing about the service. A request that does no harm
/// twice is made again, in the same attempt; any other may have had its effect, and if the end comes too late
/// for that explanation, it is the service's, as on a fresh connection.
Attempt::Found Attempt::closed_before_answer() {
  constexpr std::string_view error = "connection_terminated";
  const http::TlsLayer* const tls = exchange_.stream().tls();
  if (tls != nullptr && tls->failure() == tls::Failure::alert)
    return no_connection(http::ConnectError::tls_refused);
  const TimePoint now = http::EventLoop::now();
  const bool was_kept = exchange_.reused() && exchange_.untouched();
  if (!was_kept || (!request_->repeatable() && now - taken_ >= http::longest_crossing)) {
    return fail(Blame::connection,
                {502, error,
                 sent_whole() ? "the service closed the connection"
                              : "the service closed the connection before it had the whole request"});
  }
  if (!request_->repeatable()) {
    return fail(
        Blame::none,
        {502, error,
         sent_whole()
             ? "the service closed the kept connection just as the request was sent; it may have it"
             : "the service closed the kept connection just as the request began; it may have a part"});
  }
  sending_ = Sending::under_way;
  sent_ = 0;
  exchange_.abandon();
  ask_for_connection(http::ConnectionPool::Reuse::never, now);
  return Found::reconnects;
}

Attempt::Found Attempt::next_content(http::Outbox::Content& content) {
  http::BodyReader& body = exchange_.body();
  http::ReadBuffer& buffer = exchange_.stream().buffer();
  switch (body.next(buffer, exchange_.stream().ended())) {
    case BodyState::content:
      content = {buffer.view().substr(0, body.content()), body.is_last(), body.trailers(buffer)};
      return Found::content;
    case BodyState::done:
      content = {{}, true, body.trailers(buffer)};
      return Found::content;
    case BodyState::more:
      return Found::wait;
    case BodyState::truncated:
      break;
    case BodyState::broken:
      return fail(Blame::connection,
                  {502, "http_response_transfer_coding", "the service's chunks are malformed"});
  }
  return fail(Blame::broken_off, {502, "http_response_incomplete", "the service broke off its answer"});
}

void Attempt::content_used(std::size_t size) noexcept {
  exchange_.body().used(exchange_.stream().buffer(), size);
}

Attempt::Found Attempt::read_content(TimePoint now) {
  switch (exchange_.read_more()) {
    case http::IoStatus::ok:
      since_ = now;
      return owner_->may_move_block() ? Found::content : Found::wait;
    case http::IoStatus::would_block:
      exchange_.stream().watch_readable();
      return Found::wait;
    case http::IoStatus::end:
      return Found::content;  // the framing says whether that is the end of the message
    case http::IoStatus::broken:
      break;
  }
  return fail(Blame::broken_off, {502, "http_response_incomplete", "the service broke off its answer"});
}

bool Attempt::look_again(TimePoint limit) noexcept {
  if (std::exchange(looked_again_, limit) == limit) return false;
  exchange_.stream().look_again();
  return true;
}

/// Only the upstream's share of the time is the upstream's fault. One that answers while it reads goes on
/// reading only when its answer is taken.
void Attempt::end_look(TimePoint now, Turn turn) noexcept {
  if (turn == Turn::clients || sending_ != Sending::under_way) turn_ = turn;
  if (turn_ == Turn::upstreams && turn_before_ != Turn::upstreams) since_ = now;
}

Attempt::Found Attempt::fail(Blame blame, const LastWords& words) {
  failure_ = {blame, words};
  return Found::failure;
}

}  // namespace switchgear::gateway
