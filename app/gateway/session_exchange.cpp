// A call under way: the request to the upstream, the response to the client, each as fast as its receiver
// takes it.
#include "app/gateway/forwarding.hpp"
#include "app/gateway/session.hpp"
#include "app/gateway/worker.hpp"

namespace switchgear::gateway {

namespace {
using BodyState = http::BodyReader::State;
// After this many blocks without a pause the other connections get their turn.
constexpr std::uint32_t rounds_per_turn = 32;
}  // namespace

Session::Step Session::exchange() {
  if (killed_) return Step::over;
  rounds_ = 0;
  client_blocked_ = false;
  bool waits_for_client_body = false;
  const bool waited_for_upstream = waits_for_upstream_;
  waits_for_upstream_ = false;

  if (!request_done_ && !upstream_deaf_) {
    const Step up = push_request();
    if (up != Step::wait) return up;
    waits_for_client_body = !request_done_ && !upstream_deaf_ && !waits_for_upstream_;
  }
  const Step down = pull_response();
  if (down != Step::wait) return down;

  // Whom is this waiting for? Only the upstream's share of the time is the upstream's fault.
  if (request_done_ || upstream_deaf_ || (expecting_ && body_.total() == 0))
    waits_for_upstream_ = !client_blocked_;
  if (waits_for_upstream_ && !waited_for_upstream) upstream_since_ = now_;
  if (waits_for_client_body) wait_until(client_since_ + worker_.limits().body_timeout);
  if (client_blocked_) wait_until(client_since_ + worker_.limits().write_timeout);
  if (const Step step = check_deadlines(); step != Step::wait) return step;
  return request_done_ || upstream_deaf_ ? watch_client() : Step::wait;
}

Session::Step Session::check_deadlines() {
  if (waits_for_upstream_) {
    const TimePoint due = upstream_since_ + service_->timeout();
    if (now_ >= due) return upstream_timed_out("http_response_timeout", "the service did not answer in time");
    wait_until(due);
  }
  if (service_->deadline()) {
    const TimePoint due = call_started_ + *service_->deadline() + client_share_;
    if (now_ >= due)
      return upstream_timed_out("http_response_timeout", "the service did not answer before the deadline");
    wait_until(due);
  }
  if (client_blocked_ && now_ >= client_since_ + worker_.limits().write_timeout) return client_left();
  if (!request_done_ && !upstream_deaf_ && !waits_for_upstream_ &&
      now_ >= client_since_ + worker_.limits().body_timeout) {
    settle(Outcome::ignored());
    return give_up(408, "http_request_error", "the request's content did not arrive in time");
  }
  return Step::wait;
}

Session::Step Session::push_request() {
  http::ReadBuffer& buffer = client_->buffer();
  http::Outbox& out = exchange_.request();
  http::Stream& upstream = exchange_.stream();
  for (;;) {
    const BodyState state = body_.framing() == http::BodyReader::Framing::none
                                ? BodyState::done
                                : body_.next(buffer, client_->ended());
    if (body_.total() > worker_.limits().body_bytes) {
      settle(Outcome::ignored());
      return give_up(413, "http_request_error", "the request's content is too large");
    }
    http::Outbox::Content content;
    switch (state) {
      case BodyState::content:
        expecting_ = false;
        content = {buffer.view().substr(0, body_.content()), body_.is_last(), body_.trailers(buffer)};
        break;
      case BodyState::done:
        content = {{}, true, body_.trailers(buffer)};
        break;
      case BodyState::more:
        break;
      case BodyState::truncated:
        return client_left();
      case BodyState::broken:
        settle(Outcome::ignored());
        return give_up(400, "http_request_error", "the request's chunks are malformed");
    }
    if (!out.idle() || !content.bytes.empty() || content.last) {
      const http::Stream::Sent sent = out.send(upstream, content);
      if (sent.size != 0) {
        body_.used(buffer, sent.size);
        upstream_since_ = now_;
      }
      if (sent.status == http::IoStatus::broken) {
        upstream_deaf_ = true;  // it may have answered before it stopped listening
        return Step::wait;
      }
      if (sent.status == http::IoStatus::would_block) {
        waits_for_upstream_ = true;
        upstream.watch_writable();
        return Step::wait;
      }
      if (content.last && out.complete()) {
        body_.finish(buffer);
        request_done_ = true;
        upstream_since_ = now_;
        return Step::wait;
      }
    }
    if (state != BodyState::more) continue;
    if (!make_room(http::BlockPool::block_size)) return Step::over;
    http::IoStatus status = client_->receive();
    if (status == http::IoStatus::would_block && client_->doubt()) status = client_->receive();
    switch (status) {
      case http::IoStatus::ok:
        client_since_ = now_;
        if (++rounds_ == rounds_per_turn) return yield();
        continue;
      case http::IoStatus::would_block:
        client_->watch_readable();
        return Step::wait;
      case http::IoStatus::end:
        continue;  // the body says whether it was whole
      case http::IoStatus::broken:
        return client_left();
    }
  }
}

Session::Step Session::pull_response() {
  if (!answered_) {
    const Step step = pull_head();
    if (step != Step::go) return step;
    if (!answered_ || !exchange_.active()) return Step::go;  // answered otherwise, or made once more
  }
  return pull_body();
}

Session::Step Session::pull_head() {
  for (;;) {
    switch (exchange_.read_head()) {
      case http::Exchange::Read::wait:
        exchange_.stream().watch_readable();
        return Step::wait;
      case http::Exchange::Read::closed:
        return upstream_failed("connection_terminated", "the service closed the connection");
      case http::Exchange::Read::malformed:
        return upstream_failed("http_protocol_error", to_string(exchange_.head_error()));
      case http::Exchange::Read::head:
        break;
    }
    const http::Head& head = exchange_.head();
    worker_.loop().fields().split_response(exchange_.stream().buffer().view(), head);
    if (head.status == 101)
      return upstream_failed("http_upgrade_failed", "the service switched protocols unasked");
    if (head.status >= 200) {
      start_response();
      return Step::go;
    }
    if (const Step step = relay_interim(); step != Step::go) return step;
  }
}

/// RFC 9110, 15.2: an HTTP/1.0 client knows nothing of these, and 100 means nothing to whoever did not ask.
Session::Step Session::relay_interim() {
  upstream_since_ = now_;
  const http::Head& head = exchange_.head();
  if (!http10_ && (head.status != 100 || expecting_)) {
    std::string& text = worker_.loop().scratch();
    text.clear();
    write_interim(text, head, worker_.loop().fields());
    if (head.status == 100) {
      expecting_ = false;
      client_since_ = now_;
    }
    outbox_.begin(http::Coding::identity);
    outbox_.put(text);
    if (outbox_.send(*client_, {}).status == http::IoStatus::broken) return client_left();
  }
  exchange_.accept_head();
  return Step::go;
}

void Session::start_response() {
  const http::Head& head = exchange_.head();
  status_ = head.status;
  if (head.status == 429 || head.status == 503) {
    if (const http::Field* field = worker_.loop().fields().find(http::FieldId::retry_after))
      retry_after_ = http::parse_retry_after(field->value, std::chrono::system_clock::now());
  }
  // The size of the framing is known before the head is taken away.
  http::BodyReader framing;
  framing.start_response(head, to_head_);
  ResponseRewrite rewrite;
  http::Coding coding = http::Coding::identity;
  const bool endless = framing.framing() == http::BodyReader::Framing::until_end ||
                       framing.framing() == http::BodyReader::Framing::chunked;
  if (endless && http10_) {
    rewrite.framing = BodyFraming::until_close;
    keep_ = false;
  } else if (endless) {
    rewrite.framing = BodyFraming::chunked;
    coding = http::Coding::chunked;
  }
  const std::size_t held = head_held_ ? validator_.head().size : 0;
  const bool last_words = client_gone_ != TimePoint{} && client_->buffer().size() == held;
  if (worker_.draining() || last_words || expecting_) keep_ = false;
  rewrite.keep_alive = keep_;
  rewrite.to_http10 = http10_;
  rewrite.date = worker_.loop().http_date();
  std::string& text = worker_.loop().scratch();
  text.clear();
  write_response(text, head, worker_.loop().fields(), rewrite);
  outbox_.begin(coding);
  outbox_.put(text);
  exchange_.accept_head();
  answered_ = true;
  upstream_since_ = client_since_ = now_;
  if (head_held_) {
    client_->buffer().consume(validator_.head().size);
    head_held_ = false;
  }
  ++service_->counts().answers[status_ / 100 % 6];
}

Session::Step Session::pull_body() {
  http::BodyReader& body = exchange_.body();
  http::Stream& upstream = exchange_.stream();
  http::ReadBuffer& buffer = upstream.buffer();
  for (;;) {
    const BodyState state = body.next(buffer, upstream.ended());
    http::Outbox::Content content;
    switch (state) {
      case BodyState::content:
        content = {buffer.view().substr(0, body.content()), body.is_last(), body.trailers(buffer)};
        break;
      case BodyState::done:
        content = {{}, true, body.trailers(buffer)};
        break;
      case BodyState::more:
        break;
      case BodyState::truncated:
        return upstream_failed("http_response_incomplete", "the service broke off its answer");
      case BodyState::broken:
        return upstream_failed("http_response_transfer_coding", "the service's chunks are malformed");
    }
    if (!outbox_.idle() || !content.bytes.empty() || content.last) {
      // The upstream has done its part, whatever the client does now; and who has the answer may ask whether
      // it was counted.
      if (content.last) settle_status();
      const http::Stream::Sent sent = outbox_.send(*client_, content);
      if (sent.size != 0) {
        body.used(buffer, sent.size);
        client_since_ = now_;
      }
      if (sent.status == http::IoStatus::broken) return client_left();
      if (sent.status == http::IoStatus::would_block) {
        client_blocked_ = true;
        client_->watch_writable();
        return Step::wait;
      }
      if (content.last && outbox_.complete()) return response_complete();
    }
    if (state != BodyState::more) continue;
    switch (exchange_.read_more()) {
      case http::IoStatus::ok:
        upstream_since_ = now_;
        if (++rounds_ == rounds_per_turn) return yield();
        continue;
      case http::IoStatus::would_block:
        upstream.watch_readable();
        return Step::wait;
      case http::IoStatus::end:
        continue;  // the framing says whether that is the end of the message
      case http::IoStatus::broken:
        return upstream_failed("http_response_incomplete", "the service broke off its answer");
    }
  }
}

void Session::settle_status() {
  if (call_open_) settle(service_->classifier().of_status(status_, latency(), retry_after_));
}

Session::Step Session::response_complete() {
  settle_status();
  exchange_.finish(request_done_);
  if (!request_done_ && (expecting_ || body_.framing() != http::BodyReader::Framing::length ||
                         body_.left() > http::BlockPool::block_size))
    keep_ = false;
  return Step::go;
}

/// Refused, reset, closed too early, or malformed.
Session::Step Session::upstream_failed(std::string_view error, std::string_view detail) {
  const bool stale = exchange_.active() && exchange_.reused() && exchange_.untouched();
  if (stale && repeatable_ && head_held_ && !repeated_) {
    // Not a retry of a failed call: the upstream closed a kept connection just as it was taken, and has seen
    // no request (RFC 9112, 9.3.1). Only for requests that do no harm twice.
    repeated_ = true;
    request_done_ = upstream_deaf_ = false;
    ++service_->counts().fresh_attempts;
    exchange_.abandon();
    if (!worker_.loop().fields().parse_request(client_->buffer().view(), validator_.head()))
      return Step::over;
    put_request_head();
    ask_for_connection(http::ConnectionPool::Reuse::never);
    return Step::go;
  }
  settle(service_->classifier().of_connection_error(latency()));
  return give_up(502, error, detail);
}

Session::Step Session::upstream_timed_out(std::string_view error, std::string_view detail) {
  settle(service_->classifier().of_timeout(latency()));
  return give_up(504, error, detail);
}

/// The call cannot be finished. A client that has no head yet gets an answer; one in the middle of a response
/// gets a reset, because an orderly end could look like a whole message.
Session::Step Session::give_up(unsigned status, std::string_view error, std::string_view detail) {
  exchange_.abandon();
  if (answered_) {
    client_->abort();
    return Step::over;
  }
  answer({status, error, detail});
  return Step::go;
}

Session::Step Session::client_left() {
  exchange_.abandon();
  if (call_open_ && !answered_) ++service_->counts().answers[0];
  settle(Outcome::ignored());
  service_->pool()->forget(*this);
  client_->close();
  return Step::over;
}

}  // namespace switchgear::gateway
