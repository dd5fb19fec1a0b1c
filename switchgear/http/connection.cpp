#include "switchgear/http/connection.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <exception>

namespace switchgear::http {

ConnectError error_of(tls::Failure failure) noexcept {
  switch (failure) {
    case tls::Failure::plain_text:
      return ConnectError::tls_plain_text;
    case tls::Failure::alert:
      return ConnectError::tls_refused;
    case tls::Failure::closed:
      return ConnectError::tls_closed;
    case tls::Failure::certificate_expired:
      return ConnectError::certificate_expired;
    case tls::Failure::certificate_not_yet_valid:
      return ConnectError::certificate_not_yet_valid;
    case tls::Failure::certificate_name:
      return ConnectError::certificate_name;
    case tls::Failure::certificate_untrusted:
      return ConnectError::certificate_untrusted;
    case tls::Failure::none:
    case tls::Failure::protocol:
    case tls::Failure::certificate_missing:
      break;
  }
  return ConnectError::tls_protocol;
}

Connection::~Connection() {
  if (stream_) stream_->close();
}

void Connection::connect(const Addresses& addresses) {
  untried_.assign(addresses.rbegin(), addresses.rend());
  connect_by_ = saturating_add(loop_.now(), times_.connect);
  try_next();
}

void Connection::try_next() {
  if (stream_) stream_->close();
  stream_.reset();
  phase_ = Phase::connecting;
  const TimePoint now = loop_.now();
  loop_.arm(*this, now + (connect_by_ - now) / static_cast<Duration::rep>(untried_.size()));
  trying_ = untried_.back();
  untried_.pop_back();
  const int descriptor = ::socket(trying_.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return keeper_.on_failed(*this, ConnectError::resources);
  const int on = 1;
  if (trying_.protocol().family() != AF_UNIX)
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const int result = ::connect(descriptor, trying_.data(), static_cast<socklen_t>(trying_.size()));
  if (result != 0 && errno != EINPROGRESS) {
    ::close(descriptor);
    return address_failed(ConnectError::refused);
  }
  try {
    stream_ = new Stream{loop_, descriptor, idle_memory};
  } catch (const std::exception&) {
    ::close(descriptor);
    return keeper_.on_failed(*this, ConnectError::resources);
  }
  stream_->set_owner(this);
  stream_->watch_writable();
}

void Connection::address_failed(ConnectError error) {
  keeper_.on_bad_address(trying_);
  if (untried_.empty()) return keeper_.on_failed(*this, error);
  try_next();
}

void Connection::on_ready(Stream& stream) {
  switch (phase_) {
    case Phase::connecting:
      // The reactor reports a fresh descriptor once before its connection is decided.
      if (!look_at_socket()) stream.watch_writable();
      return;
    case Phase::securing:
      (void)secure();
      return;
    case Phase::idle:
      // An idle connection has nothing to say: data is left over from nowhere, the end is the end.
      if (stream.receive() == IoStatus::would_block) return stream.watch_readable();
      return keeper_.on_ended(*this);
    case Phase::leased:
      return;
  }
}

bool Connection::look_at_socket() {
  sockaddr_storage peer{};
  socklen_t peer_size = sizeof peer;
  int error = 0;
  socklen_t size = sizeof error;
  const int descriptor = stream_->descriptor();
  if (::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
    address_failed(ConnectError::refused);
  } else if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &peer_size) == 0) {
    on_socket_connected();
  } else if (errno == ENOTCONN) {
    return false;
  } else {
    address_failed(ConnectError::refused);
  }
  return true;
}

void Connection::on_socket_connected() {
  if (security_ == nullptr) return connected();
  if (!stream_->secure_as_client(security_->peer, security_->sessions))
    return keeper_.on_failed(*this, ConnectError::resources);
  phase_ = Phase::securing;
  (void)secure();
}

bool Connection::secure() {
  switch (stream_->handshake()) {
    case IoStatus::ok:
      connected();
      return true;
    case IoStatus::would_block:
      return false;
    case IoStatus::end:
    case IoStatus::broken:
      break;
  }
  address_failed(error_of(stream_->tls()->failure()));
  return true;
}

void Connection::connected() {
  untried_ = {};
  loop_.disarm(*this);
  keeper_.on_connected(*this);
}

void Connection::lease() {
  phase_ = Phase::leased;
  doubtful_rest_ = false;
  RestingHook::unlink();
}

void Connection::rest() {
  phase_ = Phase::idle;
  kept_ = true;
  resting_since_ = loop_.now();
  budget_.rests(*this);
  stream_->set_owner(this);
  stream_->buffer().shrink();
  stream_->watch_readable();
  if (!armed()) loop_.arm(*this, resting_since_ + times_.idle);
}

/// On a busy machine the event that says that the upstream has answered may still wait in the loop, behind
/// the timer. That is not the upstream's time, so it is looked at once more.
void Connection::on_timer(TimePoint now) {
  switch (phase_) {
    case Phase::connecting:
      loop_.arm(*this, now + times_.connect);  // for the handshake, if that is what follows
      if (!look_at_socket()) address_failed(ConnectError::timeout);
      return;
    case Phase::securing:
      stream_->look_again();
      if (!secure()) address_failed(ConnectError::tls_timeout);
      return;
    case Phase::leased:
      return;  // armed again when it rests
    case Phase::idle: {
      const TimePoint due = resting_since_ + times_.idle;
      if (now < due) return loop_.arm(*this, due);
      return keeper_.on_ended(*this);
    }
  }
}

}  // namespace switchgear::http
