#include "tests/gateway/wire.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace switchgear::wire {

namespace {

[[nodiscard]] std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

[[nodiscard]] std::string trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return std::string{text};
}

[[nodiscard]] Message parse_head(const std::string& head) {
  Message message;
  message.head_text = head;
  std::size_t at = head.find("\r\n");
  message.start_line = head.substr(0, at);
  at += 2;
  while (at < head.size()) {
    const std::size_t end = head.find("\r\n", at);
    if (end == at || end == std::string::npos) break;
    const std::string line = head.substr(at, end - at);
    const std::size_t colon = line.find(':');
    const std::string name = lower(line.substr(0, colon));
    const std::string value = colon == std::string::npos ? "" : trim(line.substr(colon + 1));
    const auto [place, fresh] = message.fields.emplace(name, value);
    if (!fresh) place->second += ", " + value;
    at = end + 2;
  }
  return message;
}

}  // namespace

unsigned Message::status() const {
  return start_line.size() < 12 ? 0
                                : static_cast<unsigned>(std::strtoul(start_line.c_str() + 9, nullptr, 10));
}

std::string Message::target() const {
  const std::size_t first = start_line.find(' ');
  return start_line.substr(first + 1, start_line.rfind(' ') - first - 1);
}

std::string Message::field(const std::string& name) const {
  const auto found = fields.find(name);
  return found == fields.end() ? "" : found->second;
}

Socket::Socket(Socket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      pending_(std::move(other.pending_)),
      timed_out_(other.timed_out_),
      reset_(other.reset_) {}

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    close();
    descriptor_ = std::exchange(other.descriptor_, -1);
    pending_ = std::move(other.pending_);
    timed_out_ = other.timed_out_;
    reset_ = other.reset_;
  }
  return *this;
}

Socket Socket::connect(std::uint16_t port, int receive_buffer) {
  Socket socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (receive_buffer > 0)
    ::setsockopt(socket.descriptor_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  const int on = 1;
  ::setsockopt(socket.descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket.descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error{"no server listens on port " + std::to_string(port)};
  return socket;
}

Socket Socket::connect_to(const std::string& path) {
  Socket socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (path.front() == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  if (::connect(socket.descriptor_, reinterpret_cast<const sockaddr*>(&address), size) != 0)
    throw std::runtime_error{"no server listens at " + path};
  return socket;
}

bool Socket::send(std::string_view bytes) {
  while (!bytes.empty() && open()) {
    pollfd one{descriptor_, POLLOUT, 0};
    if (::poll(&one, 1, static_cast<int>(patience.count())) <= 0) return false;
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return bytes.empty();
}

bool Socket::more(std::chrono::milliseconds at_most) {
  if (!open()) return false;
  pollfd one{descriptor_, POLLIN, 0};
  if (::poll(&one, 1, static_cast<int>(at_most.count())) <= 0) {
    timed_out_ = true;
    return false;
  }
  std::array<char, 65536> bytes{};
  const ssize_t got = ::recv(descriptor_, bytes.data(), bytes.size(), 0);
  if (got < 0) reset_ = true;
  if (got <= 0) return false;
  pending_.append(bytes.data(), static_cast<std::size_t>(got));
  return true;
}

std::string Socket::receive(std::chrono::milliseconds at_most) {
  timed_out_ = false;
  if (pending_.empty()) (void)more(at_most);
  return std::exchange(pending_, {});
}

std::string Socket::read_head() {
  for (;;) {
    const std::size_t end = pending_.find("\r\n\r\n");
    if (end != std::string::npos) {
      std::string head = pending_.substr(0, end + 4);
      pending_.erase(0, end + 4);
      return head;
    }
    if (!more()) return {};
  }
}

std::string Socket::read_exactly(std::size_t size) {
  while (pending_.size() < size && more()) {
  }
  std::string bytes = pending_.substr(0, size);
  pending_.erase(0, bytes.size());
  return bytes;
}

bool Socket::ends() {
  timed_out_ = false;
  if (!pending_.empty()) return false;
  return !more() && !timed_out_;
}

std::string Socket::read_all() {
  while (more()) {
  }
  return std::exchange(pending_, {});
}

std::optional<Message> Socket::read_message(Kind kind, bool to_head) {
  timed_out_ = false;
  const std::string head = read_head();
  if (head.empty()) return std::nullopt;
  Message message = parse_head(head);
  const unsigned status = kind == Kind::response ? message.status() : 0;
  const bool bodiless =
      to_head || (kind == Kind::response && (status < 200 || status == 204 || status == 304));
  const bool chunked = lower(message.field("transfer-encoding")) == "chunked";
  if (bodiless || (kind == Kind::request && !chunked && !message.has("content-length"))) {
    message.whole = true;
  } else if (chunked) {
    for (;;) {
      while (pending_.find("\r\n") == std::string::npos && more()) {
      }
      const std::size_t end = pending_.find("\r\n");
      if (end == std::string::npos) return message;
      const std::size_t size = std::strtoul(pending_.c_str(), nullptr, 16);
      pending_.erase(0, end + 2);
      if (size == 0) break;
      const std::string chunk = read_exactly(size + 2);
      if (chunk.size() != size + 2) return message;
      message.body += chunk.substr(0, size);
    }
    for (;;) {
      while (pending_.find("\r\n") == std::string::npos && more()) {
      }
      const std::size_t end = pending_.find("\r\n");
      if (end == std::string::npos) return message;
      const std::string line = pending_.substr(0, end + 2);
      pending_.erase(0, end + 2);
      if (line == "\r\n") break;
      message.trailers += line;
    }
    message.whole = true;
  } else if (message.has("content-length")) {
    const std::size_t size = std::strtoul(message.field("content-length").c_str(), nullptr, 10);
    message.body = read_exactly(size);
    message.whole = message.body.size() == size;
  } else {
    message.body = read_all();
    message.whole = !reset_ && !timed_out_;
  }
  return message;
}

void Socket::shut_down_sending() { ::shutdown(descriptor_, SHUT_WR); }

void Socket::reset() {
  const linger at_once{1, 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

void Socket::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

bool is_broken_off(std::uint16_t port, std::counting_semaphore<>& begun, const std::string& target) {
  Socket client = Socket::connect(port);
  client.send("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n");
  (void)client.read_head();
  begun.release();
  (void)client.read_all();
  return client.was_reset();
}

}  // namespace switchgear::wire
