#include "switchgear/http/tls_layer.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>

namespace switchgear::http {

namespace {

// --- The socket as OpenSSL sees it. OpenSSL's own would write without MSG_NOSIGNAL, and would ask the kernel
// for input that cannot have come.

[[nodiscard]] Socket& socket_of(BIO* bio) noexcept { return *static_cast<Socket*>(BIO_get_data(bio)); }

int read_socket(BIO* bio, char* into, int size) {
  BIO_clear_retry_flags(bio);
  const Transfer got = socket_of(bio).receive(into, static_cast<std::size_t>(size));
  switch (got.status) {
    case IoStatus::ok:
      return static_cast<int>(got.size);
    case IoStatus::would_block:
      BIO_set_retry_read(bio);
      return -1;
    case IoStatus::end:
      return 0;
    case IoStatus::broken:
      break;
  }
  return -1;
}

int write_socket(BIO* bio, const char* from, int size) {
  BIO_clear_retry_flags(bio);
  const iovec piece{const_cast<char*>(from), static_cast<std::size_t>(size)};
  const Transfer sent = socket_of(bio).send({&piece, 1});
  if (sent.size != 0) return static_cast<int>(sent.size);
  if (sent.status == IoStatus::would_block) BIO_set_retry_write(bio);
  return -1;
}

long control_socket(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

int create_socket(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

[[nodiscard]] const BIO_METHOD* socket_method() noexcept {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "switchgear socket");
    if (made != nullptr) {
      BIO_meth_set_read(made, &read_socket);
      BIO_meth_set_write(made, &write_socket);
      BIO_meth_set_ctrl(made, &control_socket);
      BIO_meth_set_create(made, &create_socket);
    }
    return made;
  }();
  return method;
}

}  // namespace

std::unique_ptr<TlsLayer> TlsLayer::accepting(Socket& socket, RecordSpace& space,
                                              const tls::ServerContext& context) noexcept {
  std::unique_ptr<TlsLayer> layer{new (std::nothrow) TlsLayer{socket, space}};
  if (!layer || !layer->begin(context.native())) return nullptr;
  layer->context_ = context;
  SSL_set_accept_state(layer->ssl_.get());
  return layer;
}

std::unique_ptr<TlsLayer> TlsLayer::connecting(Socket& socket, RecordSpace& space, const tls::Peer& peer,
                                               tls::SessionStore& sessions) noexcept {
  std::unique_ptr<TlsLayer> layer{new (std::nothrow) TlsLayer{socket, space}};
  if (!layer || !layer->begin(peer.context.native())) return nullptr;
  if (!tls::expect_name(*layer->ssl_, peer.name)) return nullptr;
  sessions.use_for(*layer->ssl_);
  SSL_set_connect_state(layer->ssl_.get());
  return layer;
}

bool TlsLayer::begin(ssl_ctx_st* context) noexcept {
  ssl_.reset(SSL_new(context));
  BIO* const bio = ssl_ && socket_method() != nullptr ? BIO_new(socket_method()) : nullptr;
  if (bio == nullptr) {
    ERR_clear_error();
    return false;
  }
  BIO_set_data(bio, &socket_);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_read_ahead(ssl_.get(),
                     1);  // one system call for a record's head and the rest, and for several records
  SSL_set_mode(ssl_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                               SSL_MODE_RELEASE_BUFFERS);
  return true;
}

IoStatus TlsLayer::handshake() noexcept {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result != 1) return status_of(result);
  secure_ = true;
  context_.reset();
  return IoStatus::ok;
}

IoStatus TlsLayer::status_of(int result) noexcept {
  const int error = SSL_get_error(ssl_.get(), result);
  switch (error) {
    case SSL_ERROR_WANT_READ:
      need_ = Need::input;
      return IoStatus::would_block;
    case SSL_ERROR_WANT_WRITE:
      need_ = Need::output;
      return IoStatus::would_block;
    case SSL_ERROR_ZERO_RETURN:
      if (secure_) return IoStatus::end;
      break;
    default:
      break;
  }
  // A peer that refuses closes behind its alert: a send may fail before the alert is read.
  if (failure_ == tls::Failure::none || failure_ == tls::Failure::closed)
    failure_ = tls::failure_of(*ssl_, error);
  return IoStatus::broken;
}

Transfer TlsLayer::receive(char* into, std::size_t space) noexcept {
  if (!socket_.readable() && !socket_.ended() && !holds_input()) {
    need_ = Need::input;
    return {IoStatus::would_block, 0};
  }
  ERR_clear_error();
  std::size_t got = 0;
  const int result = SSL_read_ex(ssl_.get(), into, space, &got);
  if (result == 1) return {IoStatus::ok, got};
  return {status_of(result), 0};
}

/// What comes behind the first `done` bytes of all pieces, as much of it as makes a record. Copied only when
/// it is in more than one piece.
std::span<const char> TlsLayer::next_record(std::span<const iovec> pieces, std::size_t done) noexcept {
  std::size_t filled = 0;
  for (std::size_t i = 0; i < pieces.size() && filled < space_.size(); ++i) {
    if (done >= pieces[i].iov_len) {
      done -= pieces[i].iov_len;
      continue;
    }
    const char* const from = static_cast<const char*>(pieces[i].iov_base) + done;
    const std::size_t left = pieces[i].iov_len - done;
    done = 0;
    if (filled == 0 && (left >= space_.size() || i + 1 == pieces.size()))
      return {from, std::min(left, space_.size())};
    const std::size_t size = std::min(left, space_.size() - filled);
    std::memcpy(space_.data() + filled, from, size);
    filled += size;
  }
  return {space_.data(), filled};
}

Transfer TlsLayer::send(std::span<const iovec> pieces) noexcept {
  std::size_t total = 0;
  for (const iovec& piece : pieces) total += piece.iov_len;
  if (total < stuck_) return {IoStatus::broken, 0};
  std::size_t done = 0;
  while (done < total) {
    // OpenSSL has encrypted what is stuck already, and looks at nothing but its size.
    const std::span<const char> record =
        stuck_ != 0 ? std::span<const char>{space_.data(), stuck_} : next_record(pieces, done);
    ERR_clear_error();
    std::size_t sent = 0;
    const int result = SSL_write_ex(ssl_.get(), record.data(), record.size(), &sent);
    if (result == 1) {
      stuck_ = 0;
      done += sent;
      continue;
    }
    const IoStatus status = status_of(result);
    if (status == IoStatus::would_block) stuck_ = record.size();
    return {status == IoStatus::end ? IoStatus::broken : status, done};
  }
  return {IoStatus::ok, done};
}

/// Not behind half a record, nor after an error.
IoStatus TlsLayer::end() noexcept {
  if (!secure_ || ended_ || stuck_ != 0 || failure_ != tls::Failure::none) return IoStatus::ok;
  ERR_clear_error();
  const int result = SSL_shutdown(ssl_.get());
  if (result < 0 && status_of(result) == IoStatus::would_block && need_ == Need::output)
    return IoStatus::would_block;
  ended_ = true;
  return IoStatus::ok;
}

bool TlsLayer::holds_input() const noexcept { return SSL_has_pending(ssl_.get()) == 1; }

bool TlsLayer::has_something_to_say() noexcept {
  socket_.set_readable();
  ERR_clear_error();
  char byte = 0;
  std::size_t seen = 0;
  const int result = SSL_peek_ex(ssl_.get(), &byte, 1, &seen);
  return result == 1 || status_of(result) != IoStatus::would_block;
}

bool TlsLayer::resumed() const noexcept { return SSL_session_reused(ssl_.get()) == 1; }

std::uint64_t TlsLayer::received() const noexcept { return BIO_number_read(SSL_get_rbio(ssl_.get())); }

}  // namespace switchgear::http
