// The end of an exchange: the answer goes out whole, and reaches a client that is still sending its request.
//
// A client that writes all of its request before it reads, as most HTTP libraries do, loses the answer if the
// connection is closed under it: closing with unread bytes resets the connection (RFC 9112, 9.6), and even an
// orderly end makes some clients (node) fail their next write. So the gateway reads the rest of the request,
// and only then ends the connection or takes the next request.
#include <algorithm>

#include "app/gateway/session.hpp"
#include "app/gateway/worker.hpp"

namespace switchgear::gateway {

namespace {
// nginx's lingering_time and lingering_timeout: how long a client may go on sending a request that is
// answered already, and how long it may pause meanwhile.
constexpr Duration linger_time = std::chrono::seconds{30};
constexpr Duration linger_silence = std::chrono::seconds{5};
// After this many reads without a pause the other connections get their turn.
constexpr std::uint32_t reads_per_turn = 32;
}  // namespace

Session::Step Session::finish_answer() {
  if (killed_) return Step::over;
  if (!outbox_.complete()) {
    const http::Stream::Sent sent = outbox_.send(*client_, {{}, true});
    if (sent.status == http::IoStatus::broken) return Step::over;
    if (sent.status == http::IoStatus::would_block) {
      if (sent.size != 0) since_ = now_;
      const TimePoint due = since_ + worker_.limits().write_timeout;
      if (now_ >= due) return Step::over;
      wait_until(due);
      client_->watch_writable();
      // A client that reads only once it has sent everything would wait for us as we wait for it.
      (void)drop_content();
      return Step::wait;
    }
  }
  since_ = now_;
  return Step::go;
}

/// Takes from the client what has come of its request's content, and throws it away. go: that was all of it;
/// wait: more is to come; over: the rest will not come, or cannot be told from what follows it.
Session::Step Session::drop_content() {
  http::ReadBuffer& buffer = client_->buffer();
  std::uint32_t reads = 0;
  while (!request_done_) {
    switch (body_.next(buffer, client_->ended())) {
      case http::BodyReader::State::content:
        body_.used(buffer, body_.content());
        continue;
      case http::BodyReader::State::done:
        body_.finish(buffer);
        request_done_ = true;
        continue;
      case http::BodyReader::State::truncated:
      case http::BodyReader::State::broken:
        return Step::over;
      case http::BodyReader::State::more:
        break;
    }
    if (const Step step = receive_to_drop(reads); step != Step::go) return step;
  }
  return Step::go;
}

/// go: something came, or the stream's end did.
Session::Step Session::receive_to_drop(std::uint32_t& reads) {
  http::ReadBuffer& buffer = client_->buffer();
  buffer.grow(http::BlockPool::block_size);
  if (!make_room(http::BlockPool::block_size)) return Step::over;
  http::IoStatus status = client_->receive();
  if (status == http::IoStatus::would_block && client_->doubt()) status = client_->receive();
  switch (status) {
    case http::IoStatus::ok:
      heard_at_ = now_;
      return ++reads == reads_per_turn ? yield() : Step::go;
    case http::IoStatus::end:
      return Step::go;
    case http::IoStatus::would_block:
      client_->watch_readable();
      return Step::wait;
    case http::IoStatus::broken:
      break;
  }
  return Step::over;
}

void Session::begin_discarding() {
  part_ = Part::discarding;
  heard_at_ = now_;
  linger_end_ = now_ + linger_time;
}

/// Of a client that takes too long about it nothing more is awaited.
bool Session::waits_for_rest() {
  const TimePoint due = std::min(linger_end_, heard_at_ + linger_silence);
  if (now_ >= due) return false;
  wait_until(due);
  return true;
}

/// What the client still sends of a request that is answered already.
Session::Step Session::discard_request() {
  if (killed_) return Step::over;
  // An HTTP/1.0 client may know the answer's end by the connection's alone; one that waits for 100 may send
  // nothing more. Neither can be made to wait for the other side's end.
  const bool ends_first = !keep_ && (http10_ || expecting_);
  const Step step = ends_first ? Step::over : drop_content();
  if (step == Step::wait && waits_for_rest()) return Step::wait;
  if (step == Step::go && keep_) return Step::go;
  client_->shut_down_sending();
  part_ = Part::lingering;
  return Step::over;
}

/// The answer is out and nothing more will be: reads on, so that the client gets the answer and not a reset.
Session::Step Session::linger() {
  std::uint32_t reads = 0;
  for (;;) {
    if (killed_ || client_->ended()) return Step::over;
    client_->buffer().consume(client_->buffer().size());
    const Step step = receive_to_drop(reads);
    if (step == Step::wait && waits_for_rest()) return Step::wait;
    if (step != Step::go) return Step::over;
  }
}

Session::Step Session::next_request() {
  // Requests that came before the client closed its half are still answered.
  if (client_->closed() || (client_gone_ != TimePoint{} && client_->buffer().empty())) return Step::over;
  validator_ =
      http::HeadValidator{http::HeadKind::request, worker_.head_limits()};  // limits may have been reloaded
  outbox_.clear();
  end_call();
  head_started_ = false;
  since_ = now_;
  return Step::go;
}

}  // namespace switchgear::gateway
