#include "examples/tiny_http.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <system_error>

namespace example {

namespace {

using std::chrono::milliseconds;

[[noreturn]] void fail(int error, const char* doing) {
  throw std::system_error(error, std::generic_category(), doing);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int open_socket() {
  const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (made < 0) fail(errno, "socket");
  return made;
}

void send_all(int to, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(to, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) fail(errno, "send");
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

/// False when the other side has closed.
bool receive_some(int from, std::string& into) {
  char block[4096];
  const ssize_t read = ::recv(from, block, sizeof block, 0);
  if (read < 0) fail(errno, "recv");
  into.append(block, static_cast<std::size_t>(read));
  return read > 0;
}

/// The length of head and body together, once the head is there.
std::optional<std::size_t> whole_length(std::string_view message) {
  const std::size_t head = message.find("\r\n\r\n");
  if (head == std::string_view::npos) return std::nullopt;
  std::size_t body = 0;
  constexpr std::string_view field = "Content-Length: ";
  if (const std::size_t at = message.substr(0, head).find(field); at != std::string_view::npos) {
    const std::string_view digits = message.substr(at + field.size());
    std::from_chars(digits.data(), digits.data() + digits.size(), body);
  }
  return head + 4 + body;
}

bool complete(std::string_view message) {
  const auto length = whole_length(message);
  return length && message.size() >= *length;
}

std::string body_of(const std::string& message) { return message.substr(message.find("\r\n\r\n") + 4); }

std::string message(std::string_view first_line, std::string_view body) {
  return std::string(first_line) +
         "\r\nHost: localhost\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}

}  // namespace

Server::Server(Handler handler) : handler_(std::move(handler)), listener_(open_socket()) {
  sockaddr_in address = loopback(0);
  socklen_t length = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, any, length) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, any, &length) != 0) {
    fail(errno, "listen");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::jthread([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client >= 0) clients_.emplace_back([this, client] { serve(client); });
    }
  });
}

void Server::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  ::shutdown(listener_, SHUT_RDWR);  // ends the accept
  thread_.join();
  clients_.clear();
}

Server::~Server() {
  stop();
  ::close(listener_);
}

void Server::serve(int client) {
  try {
    std::string request;
    while (!complete(request) && receive_some(client, request)) {
    }
    const std::size_t path = request.find(' ') + 1;
    const Reply reply = [&] {
      const std::lock_guard lock(one_at_a_time_);
      return handler_(request.substr(path, request.find(' ', path) - path), body_of(request));
    }();
    if (reply.status != 0) {
      send_all(client, message("HTTP/1.1 " + std::to_string(reply.status) + " -", reply.body));
    } else {
      while (receive_some(client, request)) {
      }
    }
  } catch (const std::system_error&) {  // NOLINT(bugprone-empty-catch): the client has gone away, and knows
  }
  ::close(client);
}

std::string request_text(std::string_view path, std::string_view body) {
  return message("POST " + std::string(path) + " HTTP/1.1", body);
}

Reply parse_reply(const std::string& received) {
  Reply reply{0, body_of(received)};
  std::from_chars(received.data() + std::string_view("HTTP/1.1 ").size(), received.data() + received.size(),
                  reply.status);
  return reply;
}

Exchange::Exchange(std::uint16_t port, std::string_view path, std::string_view body)
    : socket_(open_socket()) {
  const sockaddr_in address = loopback(port);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int error = errno;
    ::close(socket_);
    fail(error, "connect");
  }
  send_all(socket_, request_text(path, body));
}

Exchange::~Exchange() { ::close(socket_); }

std::optional<Reply> Exchange::on_readable() {
  if (!receive_some(socket_, received_)) fail(ECONNRESET, "recv");
  if (!complete(received_)) return std::nullopt;
  return parse_reply(received_);
}

Reply post(std::uint16_t port, std::string_view path, std::string_view body, switchgear::TimePoint deadline) {
  Exchange exchange{port, path, body};
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(
        switchgear::saturating_sub(deadline, std::chrono::steady_clock::now()));
    pollfd waiting{exchange.descriptor(), POLLIN, 0};
    const auto longest = std::clamp(left, milliseconds{0}, milliseconds{60'000});
    if (::poll(&waiting, 1, static_cast<int>(longest.count())) == 0) fail(ETIMEDOUT, "post");
    if (auto reply = exchange.on_readable()) return *std::move(reply);
  }
}

}  // namespace example
