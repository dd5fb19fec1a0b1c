#include "app/gateway/connection/client_connection.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

namespace switchgear::gateway {

namespace {

// An end of stream that comes with the last bytes makes no edge of its own (stream.hpp): looked for after
// this.
constexpr Duration doubt_after = std::chrono::seconds{1};
// A request that is on its way while the gateway drains is still answered on an idle connection.
constexpr Duration drain_grace = std::chrono::milliseconds{300};
// And a connection that was accepted before still gets to its first request.
constexpr Duration handshake_grace = std::chrono::seconds{2};
// A client that sends them without a pause, and whose answers the gateway has at hand, lets others have their
// turn.
constexpr unsigned requests_per_turn = 16;

[[nodiscard]] http::StreamPtr stream_of(http::EventLoop& loop, http::Descriptor& socket) {
  http::StreamPtr stream{new http::Stream{loop, socket.get(), ClientConnection::idle_memory}};
  (void)socket.release();  // the stream's
  return stream;
}

}  // namespace

void ClientConnection::start(Owner& owner, CallPool& calls, http::Descriptor socket,
                             std::string client_address, const tls::ServerContext* tls) {
  auto* connection = new ClientConnection{owner, calls, socket, std::move(client_address), tls};
  owner.started(*connection);
  connection->run();  // ends with Owner::finished
}

ClientConnection::ClientConnection(Owner& owner, CallPool& calls, http::Descriptor& socket,
                                   std::string client_address, const tls::ServerContext* tls)
    : owner_(owner),
      worker_(calls.worker()),
      client_(stream_of(worker_.loop, socket)),
      peer_(worker_, client_->descriptor(), std::move(client_address)),
      now_(http::EventLoop::now()),
      since_(now_),
      validator_(std::in_place, http::HeadKind::request, worker_.head_limits),
      exchange_(*this, calls, *client_, peer_) {
  client_->set_owner(this);
  if (tls != nullptr) {
    part_ = Part::securing;
    if (!client_->secure_as_server(*tls)) killed_ = true;  // there is no memory
  }
  if (peer_.announces()) part_ = Part::announcing;
}

ClientConnection::~ClientConnection() {
  if (self_) *self_ = nullptr;
  if (killed_) exchange_.cut_off();
  const bool cut_short = exchange_.has_part_of_answer();
  exchange_.end();
  cut_short ? client_->abort() : client_->close();
}

http::Detached ClientConnection::run() {
  Progress progress = Progress::go;
  while (part_ == Part::announcing && (progress = identify()) == Progress::wait) co_await sleep();
  while (part_ == Part::securing && (progress = secure()) == Progress::wait) co_await sleep();
  while (progress != Progress::over) {
    while ((progress = read_request()) == Progress::wait) co_await sleep();
    if (progress == Progress::over) break;

    part_ = Part::forwarding;
    while ((progress = forward()) == Progress::wait) co_await sleep();
    if (progress == Progress::over) break;

    part_ = Part::answering;
    since_ = now_;
    while ((progress = finish_answer()) == Progress::wait) co_await sleep();
    if (progress == Progress::over) break;

    part_ = Part::discarding;
    exchange_.request().begin_dropping(now_);
    while ((progress = discard_request()) == Progress::wait) co_await sleep();
    if (progress == Progress::over) break;
    progress = next_request();
    if (progress == Progress::go && ++in_turn_ >= requests_per_turn) {
      (void)yield();
      co_await sleep();
    }
  }
  if (part_ == Part::lingering) {
    while (linger() == Progress::wait) co_await sleep();
  }
  owner_.finished(*this);
}

http::WakePoint::Awaiter ClientConnection::sleep() {
  in_turn_ = 0;
  const TimePoint due = std::exchange(due_, TimePoint::max());
  // A deadline that moved later leaves the timer where it is: it fires early, once, and is armed again from
  // here.
  if (due != TimePoint::max() && (!armed() || due < Timer::due())) worker_.loop.arm(*this, due);
  return wake_.sleep();
}

void ClientConnection::wake() {
  now_ = http::EventLoop::now();
  wake_.wake();
}

void ClientConnection::on_ready(http::Stream&) { wake(); }
void ClientConnection::on_timer(TimePoint) { wake(); }

void ClientConnection::kill() {
  killed_ = true;
  wake();
}

bool ClientConnection::end_if_idle() {
  if (client_->has_input()) return false;
  kill();
  return true;
}

Progress ClientConnection::yield() {
  if (!self_) self_ = std::make_shared<ClientConnection*>(this);
  boost::asio::post(worker_.loop.context(), [self = self_] {
    if (*self != nullptr) (*self)->wake();
  });
  return Progress::wait;
}

// ---- Before the first request -----------------------------------------------------------------------------

/// The PROXY header of a trusted proxy. Until it is there the connection may be ended for others, as below.
Progress ClientConnection::identify() {
  if (killed_) return Progress::over;
  const Progress progress = peer_.take_header(*client_);
  if (progress == Progress::go) {
    IdleHook::unlink();
    part_ = client_->tls() == nullptr ? Part::idle : Part::securing;
    since_ = now_;
  }
  if (progress != Progress::wait) return progress;
  TimePoint due = since_ + worker_.limits.header_timeout;
  if (worker_.draining()) due = std::min(due, std::max(*worker_.draining_since, since_) + handshake_grace);
  if (now_ >= due) {
    peer_.note_late();
    return Progress::over;
  }
  wait_until(due);
  if (!IdleHook::is_linked()) owner_.became_idle(*this);
  return Progress::wait;
}

// ---- TLS --------------------------------------------------------------------------------------------------

/// Until then it may be ended for others like a connection that waits for a request: a client that only
/// connects must not hold a place.
Progress ClientConnection::secure() {
  if (killed_) return Progress::over;
  TimePoint due = since_ + worker_.limits.handshake_timeout;
  if (worker_.draining()) due = std::min(due, std::max(*worker_.draining_since, since_) + handshake_grace);
  if (now_ >= due) client_->look_again();
  switch (client_->handshake()) {
    case http::IoStatus::ok:
      client_->tls()->resumed() ? ++worker_.handshakes.resumed : ++worker_.handshakes.full;
      IdleHook::unlink();
      part_ = Part::idle;
      since_ = now_;
      return Progress::go;
    case http::IoStatus::would_block:
      break;
    case http::IoStatus::end:
    case http::IoStatus::broken:
      return handshake_failed();
  }
  if (now_ >= due) {
    worker_.note_handshake_late();
    return Progress::over;
  }
  wait_until(due);
  if (!IdleHook::is_linked()) owner_.became_idle(*this);
  return Progress::wait;
}

/// Lingers, so that the client gets the alert that says why, and not a reset.
Progress ClientConnection::handshake_failed() {
  IdleHook::unlink();
  const tls::Failure why = client_->tls()->failure();
  worker_.note_handshake_failed(why);
  if (why == tls::Failure::closed) return Progress::over;
  client_->give_up_tls();
  client_->shut_down_sending();
  exchange_.request().begin_unreadable();
  exchange_.request().begin_dropping(now_);
  part_ = Part::lingering;
  return Progress::over;
}

// ---- Reading a request ------------------------------------------------------------------------------------

Progress ClientConnection::read_request() {
  if (killed_) return Progress::over;
  http::ReadBuffer& buffer = client_->buffer();
  bool looked_again = false;
  for (;;) {
    if (!buffer.empty()) {
      if (part_ == Part::idle) {
        part_ = Part::reading;
        since_ = now_;
        exchange_.begin(now_);
        IdleHook::unlink();
      }
      switch (validator_->advance(buffer.view())) {
        case http::HeadValidator::Progress::complete:
          exchange_.take(validator_->head(), now_);
          return Progress::go;
        case http::HeadValidator::Progress::refused:
          exchange_.refuse_head(validator_->error());
          return Progress::go;
        case http::HeadValidator::Progress::need_more:
          break;
      }
      (void)make_room(buffer, worker_.limits.header_bytes + 1);  // the validator refuses what is larger
    }
    http::IoStatus status = client_->receive();
    if (status == http::IoStatus::would_block && client_->doubtful() &&
        (part_ == Part::reading || now_ >= since_ + doubt_after) && client_->doubt())
      status = client_->receive();
    if (status == http::IoStatus::ok) continue;
    if (status != http::IoStatus::would_block) return Progress::over;
    const bool reads = part_ == Part::reading;
    const TimePoint due = reads ? since_ + worker_.limits.header_timeout : idle_until();
    if (now_ < due) return reads ? wait_for_head(due) : wait_idle(due);
    if (std::exchange(looked_again, true)) return reads ? head_is_late() : Progress::over;
    client_->look_again();
  }
}

Progress ClientConnection::head_is_late() {
  exchange_.answer_unreadable({408, "", "the request's header did not arrive in time"});
  return Progress::go;
}

Progress ClientConnection::wait_for_head(TimePoint due) {
  wait_until(due);
  client_->watch_readable();
  return Progress::wait;
}

TimePoint ClientConnection::idle_until() const noexcept {
  const TimePoint due = since_ + worker_.limits.idle_timeout;
  if (!worker_.draining()) return due;
  return std::min(due, std::max(*worker_.draining_since, since_) + drain_grace);
}

Progress ClientConnection::wait_idle(TimePoint due) {
  wait_until(due);
  if (client_->doubtful()) wait_until(since_ + doubt_after);
  client_->buffer().shrink();
  if (!IdleHook::is_linked()) owner_.became_idle(*this);
  client_->watch_readable();
  return Progress::wait;
}

Progress ClientConnection::forward() {
  if (killed_) return Progress::over;
  const Progress progress = exchange_.forward(now_);
  wait_until(exchange_.due());
  return progress == Progress::pause ? yield() : progress;
}

// ---- The end of an exchange, and of the connection --------------------------------------------------------
//
// A client that writes all of its request before it reads, as most HTTP libraries do, loses the answer if the
// connection is closed under it: closing with unread bytes resets the connection (RFC 9112, 9.6), and even an
// orderly end makes some clients (node) fail their next write. So the gateway reads the rest of the request,
// and only then ends the connection or takes the next request.

Progress ClientConnection::finish_answer() {
  if (killed_) return Progress::over;
  if (!exchange_.delivery().complete()) {
    const http::Stream::Sent sent = exchange_.delivery().finish();
    if (sent.status == http::IoStatus::broken) return Progress::over;
    if (sent.status == http::IoStatus::would_block) {
      if (sent.size != 0) since_ = now_;
      const TimePoint due = since_ + worker_.limits.write_timeout;
      if (now_ >= due) return Progress::over;
      wait_until(due);
      client_->watch_writable();
      // A client that reads only once it has sent everything would wait for us as we wait for it.
      return exchange_.request().drop(now_) == Progress::pause ? yield() : Progress::wait;
    }
  }
  exchange_.answered(now_);
  since_ = now_;
  return Progress::go;
}

/// What the client still sends of a request that is answered already.
Progress ClientConnection::discard_request() {
  if (killed_) return Progress::over;
  // An HTTP/1.0 client may know the answer's end by the connection's alone; one that waits for 100 may send
  // nothing more. Neither can be made to wait for the other side's end.
  IncomingRequest& request = exchange_.request();
  const Delivery& delivery = exchange_.delivery();
  const bool ends_first = !delivery.keeps_alive() && (delivery.to_http10() || request.held_back());
  const Progress dropped = ends_first ? Progress::over : request.drop(now_);
  if (waits_for_rest(dropped)) return Progress::wait;
  if (dropped == Progress::go && delivery.keeps_alive()) return Progress::go;
  client_->shut_down_sending();
  part_ = Part::lingering;
  return Progress::over;
}

/// The answer is out and nothing more will be: reads on, so that the client gets the answer and not a reset.
Progress ClientConnection::linger() {
  if (killed_) return Progress::over;
  return waits_for_rest(exchange_.request().drop_everything(now_)) ? Progress::wait : Progress::over;
}

/// Of a client that takes too long about it nothing more is awaited.
bool ClientConnection::waits_for_rest(Progress dropped) {
  if (dropped != Progress::wait && dropped != Progress::pause) return false;
  const TimePoint due = exchange_.request().patience();
  if (now_ >= due) return false;
  wait_until(due);
  if (dropped == Progress::pause) (void)yield();
  return true;
}

Progress ClientConnection::next_request() {
  // Requests that came before the client closed its half are still answered.
  if (client_->closed() || exchange_.is_last()) return Progress::over;
  validator_.emplace(http::HeadKind::request, worker_.head_limits);  // limits may have been reloaded
  exchange_.end();
  part_ = Part::idle;
  since_ = now_;
  return Progress::go;
}

}  // namespace switchgear::gateway
