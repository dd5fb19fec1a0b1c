#include "switchgear/admin/client_stream.hpp"

#include <openssl/ssl.h>

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/error.hpp>
#include <new>

namespace switchgear::admin {

namespace asio = boost::asio;
using boost::system::error_code;

ClientStream::ClientStream(asio::ip::tcp::socket socket, std::optional<tls::ServerContext> tls)
    : plain_(std::move(socket)), context_(std::move(tls)) {
  if (!context_) return;
  tls::Owned<ssl_st> ssl{SSL_new(context_->native())};
  if (!ssl) throw std::bad_alloc{};
  secure_.emplace(plain_, ssl.release());
}

asio::awaitable<Handshake> ClientStream::handshake() {
  error_code failed;
  auto token = asio::redirect_error(asio::use_awaitable, failed);
  co_await secure_->async_handshake(asio::ssl::stream_base::server, token);
  SSL* const ssl = secure_->native_handle();
  using End = Handshake::End;
  Handshake result;
  if (!failed) {
    result.end = SSL_session_reused(ssl) == 1 ? End::resumed : End::full;
  } else if (failed == boost::beast::error::timeout) {
    result.end = End::late;
  } else if (failed == asio::error::operation_aborted || failed == asio::error::bad_descriptor) {
    result.end = End::cut_off;
  } else {
    const bool of_tls = failed.category() == asio::error::get_ssl_category();
    result.end = End::failed;
    result.failure = of_tls ? tls::failure_of_code(*ssl, static_cast<unsigned long>(failed.value()))
                            : tls::Failure::closed;
  }
  context_.reset();
  co_return result;
}

asio::awaitable<void> ClientStream::end_sending() {
  error_code failed;
  if (secure_) {
    // As if the client's part had come already: otherwise the operation would wait for it.
    SSL_set_shutdown(secure_->native_handle(),
                     SSL_get_shutdown(secure_->native_handle()) | SSL_RECEIVED_SHUTDOWN);
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    co_await secure_->async_shutdown(token);
  }
  (void)socket().shutdown(asio::ip::tcp::socket::shutdown_send, failed);
}

}  // namespace switchgear::admin
