// The bytes of one connection on their way through OpenSSL.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "switchgear/http/event_loop.hpp"
#include "switchgear/http/socket.hpp"
#include "switchgear/tls/context.hpp"
#include "switchgear/tls/failure.hpp"
#include "switchgear/tls/session.hpp"

namespace switchgear::http {

/// Encrypts what is sent on a socket, and decrypts what comes. Keeps no plain text: what the socket does not
/// take is offered again by its sender, as for a plain socket. A record that is under way and stuck is
/// finished first, with bytes that were offered before and have not been reported as sent.
///
///   handshake() ──ok──▶ receive(), send() ──▶ end()
///        └──broken: failure() says why
///
/// Throws nothing. Threads: one. The socket and the space are borrowed.
class TlsLayer {
 public:
  /// What has to happen before it is worth trying again.
  enum class Need : std::uint8_t { input, output };

  /// Null: there is no memory.
  [[nodiscard]] static std::unique_ptr<TlsLayer> accepting(Socket& socket, RecordSpace& space,
                                                           const tls::ServerContext& context) noexcept;
  /// `sessions` is borrowed.
  [[nodiscard]] static std::unique_ptr<TlsLayer> connecting(Socket& socket, RecordSpace& space,
                                                            const tls::Peer& peer,
                                                            tls::SessionStore& sessions) noexcept;

  /// `ok`: the connection is secure, and whom it is with has been checked. `would_block`: need() says for
  /// what.
  [[nodiscard]] IoStatus handshake() noexcept;
  /// After the handshake. `end`: the peer has said that it will send no more; if it only ends its stream, a
  /// part of a message may be missing, so that the connection is `broken` (RFC 9112, 9.8).
  [[nodiscard]] Transfer receive(char* into, std::size_t space) noexcept;
  [[nodiscard]] Transfer send(std::span<const iovec> pieces) noexcept;
  /// Says that nothing more will be sent. `would_block`: try again when there is room.
  IoStatus end() noexcept;

  /// After would_block.
  [[nodiscard]] Need need() const noexcept { return need_; }
  /// Something has been received that was not asked for yet.
  [[nodiscard]] bool holds_input() const noexcept;
  /// Whether receive() would get something, or the end, or find the connection broken.
  [[nodiscard]] bool has_something_to_say() noexcept;
  [[nodiscard]] tls::Failure failure() const noexcept { return failure_; }
  [[nodiscard]] bool resumed() const noexcept;
  /// Bytes that have come from the socket, records that are not whole included.
  [[nodiscard]] std::uint64_t received() const noexcept;

 private:
  TlsLayer(Socket& socket, RecordSpace& space) noexcept : socket_(socket), space_(space) {}
  [[nodiscard]] bool begin(ssl_ctx_st* context) noexcept;
  /// Of a call that did not succeed.
  [[nodiscard]] IoStatus status_of(int result) noexcept;
  [[nodiscard]] std::span<const char> next_record(std::span<const iovec> pieces, std::size_t done) noexcept;

  Socket& socket_;
  RecordSpace& space_;
  std::optional<tls::ServerContext> context_;  ///< that the handshake may still choose a certificate from
  tls::Owned<ssl_st> ssl_;
  std::size_t stuck_ = 0;  ///< plain bytes of the record that the socket has not taken whole
  Need need_ = Need::input;
  tls::Failure failure_ = tls::Failure::none;
  bool secure_ = false;
  bool ended_ = false;
};

}  // namespace switchgear::http
