// http/client/: the parts of http::Client. Coroutines on the caller's executor; never here: the gateway's
// event loop, a policy's decision.
//
// This header: the bytes under one connection, plain or through TLS.
#pragma once

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/system/system_error.hpp>
#include <cstddef>
#include <memory>
#include <string>

#include "switchgear/http/address_book.hpp"
#include "switchgear/http/client_options.hpp"
#include "switchgear/tls/failure.hpp"

namespace switchgear::http {

/// A connection that TLS refused.
class TlsRefused final : public boost::system::system_error {
 public:
  TlsRefused(const boost::system::error_code& code, tls::Failure why) : system_error(code), why_(why) {}
  /// `TLS: its certificate has expired`
  [[nodiscard]] std::string text() const { return std::string{"TLS: "}.append(tls::of_server(why_)); }

 private:
  tls::Failure why_;
};

/// Operations throw boost::system::system_error, and can be cancelled (terminal). Threads: those of its
/// executor, one operation each way at a time. Made for one connection.
class Transport {
 public:
  using Pieces = std::array<boost::asio::const_buffer, 2>;

  virtual ~Transport() = default;

  /// Ends when bytes can be sent: with TLS, after the handshake and the check of the certificate.
  virtual boost::asio::awaitable<void> connect(Address to) = 0;
  /// At least one byte, or an error: boost::asio::error::eof when the peer has ended its stream in good
  /// order.
  virtual boost::asio::awaitable<std::size_t> read_some(boost::asio::mutable_buffer into) = 0;
  /// All of them.
  virtual boost::asio::awaitable<void> write(Pieces pieces) = 0;
  /// Of a connection that is idle: nothing has come, not even the end. One system call.
  [[nodiscard]] virtual bool quiet() noexcept = 0;
  /// Operations under way end with operation_aborted.
  virtual void close() noexcept = 0;
};

[[nodiscard]] std::shared_ptr<Transport> plain_transport(const boost::asio::any_io_executor& executor);

/// How the connections of a pool are secured.
struct Security {
  std::shared_ptr<boost::asio::ssl::context> context;  ///< null: not needed yet
  std::string name;                                    ///< as tls_transport() takes it
};

/// `host` is what the certificate must be valid for, and, if it is a name, what the server is told (SNI).
/// The context outlives the transport.
[[nodiscard]] std::shared_ptr<Transport> tls_transport(const boost::asio::any_io_executor& executor,
                                                       boost::asio::ssl::context& context,
                                                       const std::string& host);

/// Throws std::invalid_argument when a file cannot be used: which, and why.
[[nodiscard]] std::shared_ptr<boost::asio::ssl::context> tls_context(const TlsOptions& options);

}  // namespace switchgear::http
