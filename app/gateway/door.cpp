#include "app/gateway/door.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>

#include "app/gateway/heads/provenance.hpp"

namespace switchgear::gateway {

namespace {

/// A client of a Unix socket has no address of its own.
[[nodiscard]] std::string text_of(const sockaddr_storage& peer, socklen_t size) {
  if (peer.ss_family == AF_UNIX) return std::string{unix_client};
  boost::asio::ip::tcp::endpoint endpoint;
  endpoint.resize(size);
  std::copy_n(reinterpret_cast<const char*>(&peer), size, reinterpret_cast<char*>(endpoint.data()));
  return endpoint.address().to_string();
}

}  // namespace

void Door::close() noexcept {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

NewClient Door::accept() {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  http::Descriptor socket{::accept4(socket_.native_handle(), reinterpret_cast<sockaddr*>(&peer), &size,
                                    SOCK_NONBLOCK | SOCK_CLOEXEC)};
  if (!socket) return {};
  const int on = 1;
  if (peer.ss_family != AF_UNIX) ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return {std::move(socket), text_of(peer, size)};
}

bool Door::client_waits() noexcept {
  pollfd listening{socket_.native_handle(), POLLIN, 0};
  return ::poll(&listening, 1, 0) > 0;
}

}  // namespace switchgear::gateway
