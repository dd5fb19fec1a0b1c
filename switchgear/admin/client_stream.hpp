// The bytes of one connection to the admin server, plain or through TLS.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <cstdint>
#include <optional>
#include <utility>

#include "switchgear/core/time.hpp"
#include "switchgear/tls/context.hpp"
#include "switchgear/tls/failure.hpp"

namespace switchgear::admin {

/// What became of a handshake.
struct Handshake {
  enum class End : std::uint8_t {
    full,
    resumed,  ///< of a session that the client had
    late,     ///< its time was over
    cut_off,  ///< this side has closed the connection
    failed,
  };
  End end = End::full;
  tls::Failure failure = tls::Failure::none;  ///< of `failed`
};

/// A stream as Asio and Beast take one for reading and writing, which has a timeout. One operation each way
/// at a time. Stays where it was made.
class ClientStream {
 public:
  using executor_type = boost::asio::any_io_executor;

  /// With `tls`, nothing may be read or written before handshake().
  ClientStream(boost::asio::ip::tcp::socket socket, std::optional<tls::ServerContext> tls);
  ClientStream(const ClientStream&) = delete;
  ClientStream& operator=(const ClientStream&) = delete;

  [[nodiscard]] bool encrypted() const noexcept { return secure_.has_value(); }
  [[nodiscard]] boost::asio::awaitable<Handshake> handshake();
  /// Says that nothing more will be sent, to a client that still reads.
  [[nodiscard]] boost::asio::awaitable<void> end_sending();
  /// To a client that has sent plain text where TLS is expected; it understands nothing else.
  [[nodiscard]] boost::beast::tcp_stream& plain() noexcept { return plain_; }

  /// Of the operations that begin from now on, each.
  void expires_after(Duration limit) { plain_.expires_after(limit); }
  void expires_never() { plain_.expires_never(); }
  [[nodiscard]] boost::asio::ip::tcp::socket& socket() noexcept { return plain_.socket(); }
  [[nodiscard]] executor_type get_executor() { return plain_.get_executor(); }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& into, Token&& token) {
    if (secure_) return secure_->async_read_some(into, std::forward<Token>(token));
    return plain_.async_read_some(into, std::forward<Token>(token));
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& from, Token&& token) {
    if (secure_) return secure_->async_write_some(from, std::forward<Token>(token));
    return plain_.async_write_some(from, std::forward<Token>(token));
  }

 private:
  boost::beast::tcp_stream plain_;
  std::optional<tls::ServerContext> context_;  ///< that the handshake chooses a certificate from
  std::optional<boost::asio::ssl::stream<boost::beast::tcp_stream&>> secure_;
};

}  // namespace switchgear::admin
