#include "switchgear/http/connection.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <exception>

namespace switchgear::http {

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
  const TimePoint now = loop_.now();
  loop_.arm(*this, now + (connect_by_ - now) / static_cast<Duration::rep>(untried_.size()));
  trying_ = untried_.back();
  untried_.pop_back();
  const int descriptor = ::socket(trying_.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return keeper_.on_failed(*this, ConnectError::resources);
  const int on = 1;
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
    case Phase::connecting: {
      sockaddr_storage peer{};
      socklen_t peer_size = sizeof peer;
      int error = 0;
      socklen_t size = sizeof error;
      if (::getsockopt(stream.descriptor(), SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0)
        return address_failed(ConnectError::refused);
      if (::getpeername(stream.descriptor(), reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0) {
        // The reactor reports a fresh descriptor once before its connection is decided.
        if (errno == ENOTCONN) return stream.watch_writable();
        return address_failed(ConnectError::refused);
      }
      untried_ = {};
      loop_.disarm(*this);
      return keeper_.on_connected(*this);
    }
    case Phase::idle:
      // An idle connection has nothing to say: data is left over from nowhere, the end is the end.
      if (stream.receive() == IoStatus::would_block) return stream.watch_readable();
      return keeper_.on_ended(*this);
    case Phase::leased:
      return;
  }
}

void Connection::lease() {
  phase_ = Phase::leased;
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

void Connection::on_timer(TimePoint now) {
  switch (phase_) {
    case Phase::connecting:
      return address_failed(ConnectError::timeout);
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
