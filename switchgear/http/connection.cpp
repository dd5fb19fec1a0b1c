#include "switchgear/http/connection.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <exception>

#include "switchgear/http/connection_pool.hpp"

namespace switchgear::http {

Connection::~Connection() {
  if (stream_) stream_->close();
}

void Connection::connect(const std::vector<boost::asio::ip::tcp::endpoint>& addresses) {
  untried_.assign(addresses.rbegin(), addresses.rend());
  pool_.loop().arm(*this, pool_.loop().now() + pool_.limits().connect_timeout);
  try_next();
}

void Connection::try_next() {
  if (stream_) stream_->close();
  stream_.reset();
  while (!untried_.empty()) {
    const boost::asio::ip::tcp::endpoint address = untried_.back();
    untried_.pop_back();
    const int descriptor =
        ::socket(address.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return pool_.failed(*this, ConnectError::resources);
    const int on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const int result = ::connect(descriptor, address.data(), static_cast<socklen_t>(address.size()));
    if (result != 0 && errno != EINPROGRESS) {
      ::close(descriptor);
      continue;
    }
    try {
      stream_ = new Stream{pool_.loop(), descriptor, idle_memory};
    } catch (const std::exception&) {
      ::close(descriptor);
      return pool_.failed(*this, ConnectError::resources);
    }
    stream_->set_owner(this);
    stream_->watch_writable();
    return;
  }
  pool_.failed(*this, ConnectError::refused);
}

void Connection::on_ready(Stream& stream) {
  switch (phase_) {
    case Phase::connecting: {
      sockaddr_storage peer{};
      socklen_t peer_size = sizeof peer;
      int error = 0;
      socklen_t size = sizeof error;
      if (::getsockopt(stream.descriptor(), SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0)
        return try_next();
      if (::getpeername(stream.descriptor(), reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0) {
        // The reactor reports a fresh descriptor once before its connection is decided.
        if (errno == ENOTCONN) return stream.watch_writable();
        return try_next();
      }
      untried_ = {};
      pool_.loop().disarm(*this);
      return pool_.connected(*this);
    }
    case Phase::idle:
      // An idle connection has nothing to say: data is left over from nowhere, the end is the end.
      if (stream.receive() == IoStatus::would_block) return stream.watch_readable();
      return pool_.remove(*this);
    case Phase::leased:
      return;
  }
}

void Connection::lease() { phase_ = Phase::leased; }

void Connection::rest() {
  phase_ = Phase::idle;
  ++exchanges_;
  resting_since_ = pool_.loop().now();
  stream_->set_owner(this);
  stream_->buffer().shrink();
  stream_->watch_readable();
  if (!armed()) pool_.loop().arm(*this, resting_since_ + pool_.limits().idle_timeout);
}

void Connection::on_timer(TimePoint now) {
  switch (phase_) {
    case Phase::connecting:
      return pool_.failed(*this, ConnectError::timeout);
    case Phase::leased:
      return;  // armed again when it rests
    case Phase::idle: {
      const TimePoint due = resting_since_ + pool_.limits().idle_timeout;
      if (now < due) return pool_.loop().arm(*this, due);
      return pool_.remove(*this);
    }
  }
}

}  // namespace switchgear::http
