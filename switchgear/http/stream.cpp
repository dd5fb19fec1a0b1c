#include "switchgear/http/stream.hpp"

namespace switchgear::http {

Stream::Stream(EventLoop& loop, int descriptor, std::size_t small)
    : socket_(descriptor),
      record_(loop.record()),
      buffer_(loop.blocks(), small),
      readiness_(loop.context(), descriptor, *this) {}

Stream::~Stream() { close(); }

IoStatus Stream::receive() noexcept {
  if (closed()) return IoStatus::broken;
  if (tls_) return receive_secure();
  const Transfer got = socket_.receive(buffer_.space(), buffer_.space_size());
  if (got.status == IoStatus::ok) {
    buffer_.commit(got.size);
  } else if (got.status == IoStatus::end) {
    ended_ = true;
  }
  return got.status;
}

Stream::Sent Stream::send(std::span<const iovec> pieces) noexcept {
  if (closed()) return {IoStatus::broken, 0};
  return tls_ ? send_secure(pieces) : socket_.send(pieces);
}

void Stream::shut_down_sending() noexcept {
  if (closed()) return;
  shutting_down_ = tls_ && tls_->end() == IoStatus::would_block;
  if (shutting_down_) return readiness_.watch_writable();
  socket_.shut_down_sending();
}

void Stream::close() noexcept {
  if (closed()) return;
  if (tls_) (void)tls_->end();
  tls_.reset();
  readiness_.stop();
  socket_.close();
  owner_ = nullptr;
}

void Stream::abort() noexcept {
  if (closed()) return;
  tls_.reset();  // so that it is not told of an orderly end
  socket_.reset_at_close();
  close();
}

void Stream::on_readable() {
  socket_.set_readable();
  if (owner_ != nullptr) owner_->on_ready(*this);
}

void Stream::on_writable() {
  if (shutting_down_) shut_down_sending();
  if (owner_ != nullptr) owner_->on_ready(*this);
}

// --- through TLS

bool Stream::secure_as_server(const tls::ServerContext& context) noexcept {
  tls_ = TlsLayer::accepting(socket_, record_, context);
  return tls_ != nullptr;
}

bool Stream::secure_as_client(const tls::Peer& peer, tls::SessionStore& sessions) noexcept {
  tls_ = TlsLayer::connecting(socket_, record_, peer, sessions);
  return tls_ != nullptr;
}

IoStatus Stream::handshake() noexcept {
  if (closed()) return IoStatus::broken;
  const IoStatus status = tls_->handshake();
  if (status == IoStatus::would_block) watch_what_is_needed();
  return status;
}

void Stream::watch_what_is_needed() {
  tls_->need() == TlsLayer::Need::output ? readiness_.watch_writable() : readiness_.watch_readable();
}

IoStatus Stream::receive_secure() noexcept {
  const Transfer got = tls_->receive(buffer_.space(), buffer_.space_size());
  switch (got.status) {
    case IoStatus::ok:
      buffer_.commit(got.size);
      break;
    case IoStatus::end:
      ended_ = true;
      break;
    case IoStatus::would_block:
      // New keys may have to be acknowledged before anything is read. Its user waits for input.
      if (tls_->need() == TlsLayer::Need::output) readiness_.watch_writable();
      break;
    case IoStatus::broken:
      break;
  }
  return got.status;
}

Stream::Sent Stream::send_secure(std::span<const iovec> pieces) noexcept {
  const Sent sent = tls_->send(pieces);
  if (sent.status == IoStatus::would_block && tls_->need() == TlsLayer::Need::input)
    readiness_.watch_readable();
  return sent;
}

}  // namespace switchgear::http
