#include "tests/gateway/upstream.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

namespace switchgear::wire {

namespace {

[[nodiscard]] std::pair<int, std::uint16_t> bind_to(const std::string& host, std::uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (port != 0) ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  if (::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error{"the system has no port to give"};
  socklen_t size = sizeof address;
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size);
  return {descriptor, ntohs(address.sin_port)};
}

[[nodiscard]] std::pair<int, std::uint16_t> bind_any() { return bind_to("127.0.0.1", 0); }

}  // namespace

Upstream::Upstream(Serve serve)
    : Upstream{ServeInOrder{[serve = std::move(serve)](Socket& socket, int) { serve(socket); }}} {}

Upstream::Upstream(ServeInOrder serve) : serve_(std::move(serve)) { listen("127.0.0.1", 0); }

Upstream::Upstream(Serve serve, const std::string& address, std::uint16_t port)
    : serve_([serve = std::move(serve)](Socket& socket, int) { serve(socket); }) {
  listen(address, port);
}

Upstream::Upstream(Serve serve, const std::string& path)
    : serve_([serve = std::move(serve)](Socket& socket, int) { serve(socket); }) {
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error{"no socket at " + path};
  begin();
}

void Upstream::listen(const std::string& address, std::uint16_t port) {
  std::tie(listener_, port_) = bind_to(address, port);
  begin();
}

void Upstream::begin() {
  ::listen(listener_, SOMAXCONN);
  acceptor_ = std::thread{[this] { accept(); }};
}

Upstream::~Upstream() {
  stopping_ = true;
  acceptor_.join();
  ::close(listener_);
  {
    const std::lock_guard lock{mutex_};
    for (Socket& socket : sockets_) {
      if (socket.open()) ::shutdown(socket.descriptor(), SHUT_RDWR);
    }
  }
  for (std::thread& thread : threads_) thread.join();
}

void Upstream::accept() {
  while (!stopping_) {
    pollfd one{listener_, POLLIN, 0};
    if (::poll(&one, 1, 20) <= 0) continue;
    const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor < 0) continue;
    const int number = ++connections_;
    const std::lock_guard lock{mutex_};
    Socket& socket = sockets_.emplace_back(descriptor);
    threads_.emplace_back([this, &socket, number] {
      serve_(socket, number);
      // The descriptor is closed under the lock: the destructor may be about to shut it down.
      const std::lock_guard closing{mutex_};
      socket.close();
    });
  }
}

Upstream::Serve Upstream::answering(std::function<std::string(const Message&)> answer) {
  return [answer = std::move(answer)](Socket& socket) {
    while (const std::optional<Message> request = socket.read_request()) {
      if (!socket.send(answer(*request))) return;
    }
  };
}

Upstream::Serve Upstream::saying(std::string answer) {
  return answering([answer = std::move(answer)](const Message&) { return answer; });
}

DeafPort::DeafPort() { std::tie(descriptor_, port_) = bind_any(); }
DeafPort::~DeafPort() { ::close(descriptor_); }

std::string ok(const std::string& body, const std::string& fields) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + fields + "\r\n" +
         body;
}

}  // namespace switchgear::wire
