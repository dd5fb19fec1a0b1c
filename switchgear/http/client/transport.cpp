#include "switchgear/http/client/transport.hpp"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "switchgear/tls/context.hpp"
#include "switchgear/tls/pem.hpp"

namespace switchgear::http {

namespace asio = boost::asio;
/// Of TCP, or a Unix socket.
using AnySocket = asio::generic::stream_protocol::socket;

namespace {

[[nodiscard]] bool is_quiet(AnySocket& socket) noexcept {
  char byte = 0;
  const ssize_t got = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

void close_quietly(AnySocket& socket) noexcept {
  boost::system::error_code ignored;
  socket.close(ignored);
}

asio::awaitable<void> connect_socket(AnySocket& socket, Address to) {
  socket.open(to.protocol());
  // A program that its user starts meanwhile must not keep the connection open.
  ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
  if (to.protocol().family() != AF_UNIX) socket.set_option(asio::ip::tcp::no_delay(true));
  co_await socket.async_connect(to, asio::use_awaitable);
}

[[noreturn]] void refuse(const char* what, const std::string& file, const std::string& why) {
  throw std::invalid_argument(std::string("tls.") + what + ": '" + file + "' cannot be used: " + why);
}

/// The text of a file; an empty one if none is named.
[[nodiscard]] std::string read_pem(const char* what, const std::string& file,
                                   std::optional<std::string> (*problem_of)(std::string_view)) {
  if (file.empty()) return {};
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  if (!stream || !(text << stream.rdbuf()))
    refuse(what, file, errno == 0 ? "it cannot be read" : std::system_category().message(errno));
  if (const auto wrong = problem_of(text.view())) refuse(what, file, "it " + *wrong);
  return std::move(text).str();
}

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(const asio::any_io_executor& executor) : socket_(executor) {}

  asio::awaitable<void> connect(Address to) override { return connect_socket(socket_, to); }
  asio::awaitable<std::size_t> read_some(asio::mutable_buffer into) override {
    co_return co_await socket_.async_read_some(into, asio::use_awaitable);
  }
  asio::awaitable<void> write(Pieces pieces) override {
    co_await asio::async_write(socket_, pieces, asio::use_awaitable);
  }
  bool quiet() noexcept override { return is_quiet(socket_); }
  void close() noexcept override { close_quietly(socket_); }

 private:
  AnySocket socket_;
};

class TlsTransport final : public Transport {
 public:
  TlsTransport(const asio::any_io_executor& executor, asio::ssl::context& context, const std::string& host)
      : stream_(executor, context) {
    if (!tls::expect_name(*stream_.native_handle(), host))
      throw boost::system::system_error(asio::error::invalid_argument, "the name is too long for TLS");
  }

  asio::awaitable<void> connect(Address to) override {
    co_await connect_socket(stream_.next_layer(), to);
    boost::system::error_code failed;
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    co_await stream_.async_handshake(asio::ssl::stream_base::client, token);
    if (failed) refuse(failed);
  }
  asio::awaitable<std::size_t> read_some(asio::mutable_buffer into) override {
    boost::system::error_code failed;
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    const std::size_t size = co_await stream_.async_read_some(into, token);
    if (failed.category() == asio::error::get_ssl_category()) refuse(failed);
    if (failed) throw boost::system::system_error(failed);
    co_return size;
  }
  asio::awaitable<void> write(Pieces pieces) override {
    co_await asio::async_write(stream_, pieces, asio::use_awaitable);
  }
  /// A record that came together with the last one waits in OpenSSL's input, and is not pending before it is
  /// decoded.
  bool quiet() noexcept override {
    SSL* const tls = stream_.native_handle();
    return SSL_pending(tls) == 0 && BIO_ctrl_pending(SSL_get_rbio(tls)) == 0 &&
           is_quiet(stream_.next_layer());
  }
  void close() noexcept override { close_quietly(stream_.next_layer()); }

 private:
  [[noreturn]] void refuse(const boost::system::error_code& failed) {
    if (failed.category() == asio::error::get_ssl_category()) {
      const auto code = static_cast<unsigned long>(failed.value());
      throw TlsRefused(failed, tls::failure_of_code(*stream_.native_handle(), code));
    }
    if (failed.category() == asio::ssl::error::get_stream_category())
      throw TlsRefused(failed, tls::Failure::closed);
    throw boost::system::system_error(failed);
  }

  asio::ssl::stream<AnySocket> stream_;
};

}  // namespace

std::shared_ptr<Transport> plain_transport(const asio::any_io_executor& executor) {
  return std::make_shared<PlainTransport>(executor);
}

std::shared_ptr<Transport> tls_transport(const asio::any_io_executor& executor, asio::ssl::context& context,
                                         const std::string& host) {
  return std::make_shared<TlsTransport>(executor, context, host);
}

namespace {
std::shared_ptr<asio::ssl::context> shared(const tls::ClientContext& context) {
  SSL_CTX_up_ref(context.native());
  return std::make_shared<asio::ssl::context>(context.native());
}
}  // namespace

std::shared_ptr<asio::ssl::context> tls_context(const TlsOptions& options) {
  if (options.context) return shared(*options.context);
  if (options.certificate_file.empty() != options.key_file.empty()) {
    throw std::invalid_argument(
        "tls: a certificate needs its key, and a key its certificate; set certificate_file and key_file");
  }
  tls::ClientSettings settings;
  settings.verify = options.verify;
  settings.ca = read_pem("ca_file", options.ca_file, &tls::problem_of_certificates);
  if (!options.certificate_file.empty()) {
    settings.identity.emplace();
    settings.identity->certificate =
        read_pem("certificate_file", options.certificate_file, &tls::problem_of_certificates);
    settings.identity->key = read_pem("key_file", options.key_file, &tls::problem_of_key);
    if (const auto wrong = tls::problem_of_pair(*settings.identity))
      refuse("key_file", options.key_file, *wrong);
  }
  return shared(tls::ClientContext{settings});
}

}  // namespace switchgear::http
