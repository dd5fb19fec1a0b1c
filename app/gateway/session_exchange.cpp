// A call under way: the request to the upstream, the response to the client, each as fast as its receiver
// takes it.
#include "app/gateway/session.hpp"
#include "app/gateway/worker.hpp"

namespace switchgear::gateway {

namespace {
using BodyState = http::BodyReader::State;
// After this many blocks without a pause the other connections get their turn.
constexpr std::uint32_t rounds_per_turn = 32;
// How long one slow reader may delay all requests for the same answer.
constexpr Duration patience_with_reader = std::chrono::seconds{1};
}  // namespace

Session::Step Session::exchange() {
  rounds_ = 0;
  client_blocked_ = false;
  const Step step = advance(*chosen_);
  if (step != Step::wait) return step;
  waits_for_upstream_ = chosen_->waited_for;
  if (request_done_) return watch_client();
  if (!chosen_->deaf) return Step::wait;
  // The upstream has closed after its answer. The rest of the request is dropped, because a client may not
  // read before it has sent everything.
  return drop_content() == Step::over ? client_left() : Step::wait;
}

/// One turn of an attempt that has its connection: request out, response in.
Session::Step Session::advance(Attempt& attempt) {
  bool waits_for_client_body = false;
  const bool waited_for = std::exchange(attempt.waited_for, false);
  if (!attempt.sent && !attempt.deaf) {
    const Step up = request_done_ ? push_held_body(attempt) : push_request(attempt);
    if (up != Step::wait) return up;
    waits_for_client_body = !attempt.sent && !attempt.deaf && !attempt.waited_for;
  }
  const Step down = &attempt == chosen_ ? pull_body(attempt) : pull_head(attempt);
  if (down != Step::wait) return down;

  // Which side is this waiting for? Only waits for the upstream count against the upstream.
  if (attempt.sent || attempt.deaf || (expecting_ && body_.total() == 0))
    attempt.waited_for = !client_blocked_;
  if (attempt.waited_for && !waited_for) attempt.since = now_;
  if (waits_for_client_body) wait_until(client_since_ + worker_.limits().body_timeout);
  if (client_blocked_) wait_until(client_since_ + worker_.limits().write_timeout);
  return check_deadlines(attempt, waits_for_client_body);
}

/// The machine's limit holds until the response begins. From there on, and while the client sends what is not
/// held, its timeout is for every single wait: a large body may take as long as it moves.
Session::Step Session::check_deadlines(Attempt& attempt, bool waits_for_client_body) {
  const bool streams = &attempt == chosen_ || (!call_->holds_body && body_.total() != 0);
  if (attempt.waited_for) {
    const TimePoint due = streams ? saturating_add(attempt.since, service_->timeout()) : attempt.until;
    if (now_ >= due) return upstream_timed_out(attempt, "the service did not answer in time");
    wait_until(due);
  }
  if (streams && service_->deadline()) {
    const TimePoint due = call_started_ + *service_->deadline() + client_share_;
    if (now_ >= due) return upstream_timed_out(attempt, "the service did not answer before the deadline");
    wait_until(due);
  }
  if (client_blocked_) {
    if (now_ >= client_since_ + worker_.limits().write_timeout) return client_left();
    if (keeps_others_waiting()) {
      // They make their own call rather than wait for a client that does not take its answer.
      if (client_share_ >= patience_with_reader) {
        call_->machine.will_not_share();
        call_->copy.stop();
      } else {
        wait_until(now_ + (patience_with_reader - client_share_));
      }
    }
  }
  if (waits_for_client_body && now_ >= client_since_ + worker_.limits().body_timeout)
    return give_up(408, "http_request_error", "the request's content did not arrive in time");
  return Step::wait;
}

/// Of a request that has been taken from the client whole.
Session::Step Session::push_held_body(Attempt& attempt) {
  http::Outbox& out = attempt.exchange.request();
  http::Stream& upstream = attempt.exchange.stream();
  const http::Stream::Sent sent =
      out.send(upstream, {std::string_view{call_->body}.substr(attempt.body_sent), true});
  attempt.body_sent += sent.size;
  if (sent.status == http::IoStatus::broken) {
    attempt.deaf = true;  // it may have answered before it stopped listening
  } else if (sent.status == http::IoStatus::would_block) {
    attempt.waited_for = true;
    upstream.watch_writable();
  } else if (out.complete()) {
    attempt.sent = true;
  }
  return Step::wait;
}

Session::Step Session::push_request(Attempt& attempt) {
  http::ReadBuffer& buffer = client_->buffer();
  http::Outbox& out = attempt.exchange.request();
  http::Stream& upstream = attempt.exchange.stream();
  for (;;) {
    const BodyState state = body_.next(buffer, client_->ended());
    if (body_.total() > worker_.limits().body_bytes)
      return give_up(413, "http_request_error", "the request's content is too large");
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
        return give_up(400, "http_request_error", "the request's chunks are malformed");
    }
    if (!out.idle() || !content.bytes.empty() || content.last) {
      const http::Stream::Sent sent = out.send(upstream, content);
      if (sent.size != 0) {
        body_.used(buffer, sent.size);
        attempt.since = now_;
      }
      if (sent.status == http::IoStatus::broken) {
        attempt.deaf = true;  // it may have answered before it stopped listening
        return Step::wait;
      }
      if (sent.status == http::IoStatus::would_block) {
        attempt.waited_for = true;
        upstream.watch_writable();
        return Step::wait;
      }
      if (content.last && out.complete()) {
        body_.finish(buffer);
        request_done_ = attempt.sent = true;
        attempt.since = now_;
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

Session::Step Session::pull_body(Attempt& attempt) {
  http::BodyReader& body = attempt.exchange.body();
  http::Stream& upstream = attempt.exchange.stream();
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
        return upstream_failed(attempt, "http_response_incomplete", "the service broke off its answer");
      case BodyState::broken:
        return upstream_failed(attempt, "http_response_transfer_coding",
                               "the service's chunks are malformed");
    }
    if (!outbox_.idle() || !content.bytes.empty() || content.last) {
      // The upstream has done its part, whatever the client does now; and who has the answer may ask whether
      // it was counted.
      if (content.last) settle_response(attempt, content.bytes);
      const http::Stream::Sent sent = outbox_.send(*client_, content);
      if (sent.size != 0) {
        keep_copy(content.bytes.substr(0, sent.size));
        body.used(buffer, sent.size);
        client_since_ = now_;
      }
      if (sent.status == http::IoStatus::broken) return client_left();
      if (sent.status == http::IoStatus::would_block) {
        client_blocked_ = true;
        client_->watch_writable();
        return Step::wait;
      }
      if (content.last && outbox_.complete()) return response_complete(attempt);
    }
    if (state != BodyState::more) continue;
    switch (attempt.exchange.read_more()) {
      case http::IoStatus::ok:
        attempt.since = now_;
        if (++rounds_ == rounds_per_turn) return yield();
        continue;
      case http::IoStatus::would_block:
        upstream.watch_readable();
        return Step::wait;
      case http::IoStatus::end:
        continue;  // the framing says whether that is the end of the message
      case http::IoStatus::broken:
        return upstream_failed(attempt, "http_response_incomplete", "the service broke off its answer");
    }
  }
}

Session::Step Session::response_complete(Attempt& attempt) {
  settle_response(attempt, {});
  attempt.phase = Attempt::Phase::idle;
  attempt.exchange.finish(attempt.sent);
  return Step::go;
}

/// Of a connection that ended before a byte of the answer came on it. One that was kept may have been closed
/// just as it was taken (RFC 9112, 9.3.1): that says nothing about the service. A request that does no harm
/// twice is made again, in the same attempt; any other may have had its effect.
Session::Step Session::upstream_closed(Attempt& attempt) {
  constexpr std::string_view error = "connection_terminated";
  if (!attempt.exchange.reused() || !attempt.exchange.untouched())
    return upstream_failed(attempt, error, "the service closed the connection");
  if (!repeatable_) {
    return attempt_failed(
        attempt, Outcome::ignored(),
        {502, error, "the service closed the kept connection just as the request was sent; it may have it"});
  }
  attempt.sent = attempt.deaf = false;
  attempt.body_sent = 0;
  ++service_->counts().fresh_attempts;
  attempt.exchange.abandon();
  ask_for_connection(attempt, http::ConnectionPool::Reuse::never);
  return Step::go;
}

/// Refused, reset, closed too early, or malformed.
Session::Step Session::upstream_failed(Attempt& attempt, std::string_view error, std::string_view detail) {
  const Outcome outcome = service_->classifier().of_connection_error(latency(attempt));
  const LastWords words{502, error, detail};
  return answered_ ? break_off(attempt, outcome, words) : attempt_failed(attempt, outcome, words);
}

Session::Step Session::upstream_timed_out(Attempt& attempt, std::string_view detail) {
  const Outcome outcome = service_->classifier().of_timeout(latency(attempt));
  const LastWords words{504, "http_response_timeout", detail};
  if (answered_) return break_off(attempt, outcome, words);
  if (outcome.verdict != Verdict::failure) return attempt_failed(attempt, outcome, words);
  attempt.abandon(*service_->pool());
  call_->last_words = words;
  follow(report_timeout(attempt, outcome));
  return Step::go;
}

/// The service does not finish a response that the client already has a part of.
Session::Step Session::break_off(const Attempt& attempt, const Outcome& outcome, const LastWords& words) {
  ++service_->counts().responses_aborted;
  settle(attempt, outcome);
  return give_up(words.status, words.error, words.detail);
}

/// The call cannot be finished. A client that has no head yet gets an answer; one in the middle of a response
/// gets a reset, because an orderly end could look like a whole message.
Session::Step Session::give_up(unsigned status, std::string_view error, std::string_view detail) {
  ignore_call();
  if (answered_) {
    note_failure("response broken off", detail);
    client_->abort();
    return Step::over;
  }
  answer({status, error, detail});
  return Step::go;
}

Session::Step Session::client_left() {
  if (!answered_) count_answer(0);
  ignore_call();
  client_->close();
  return Step::over;
}

}  // namespace switchgear::gateway
