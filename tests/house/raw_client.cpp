#include "tests/house/raw_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

namespace switchgear::house {
namespace {

using Clock = std::chrono::steady_clock;

/// The whole length of the response that starts `text`, or 0 while its head is not complete.
std::size_t response_length(const std::string& text) {
  const auto head = text.find("\r\n\r\n");
  const auto field = text.find("Content-Length: ");
  if (head == std::string::npos || field == std::string::npos || field > head) return 0;
  std::size_t body = 0;
  std::from_chars(text.data() + field + 16, text.data() + text.size(), body);
  return head + 4 + body;
}

}  // namespace

RawClient::RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in there{};
  there.sin_family = AF_INET;
  there.sin_port = htons(port);
  there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&there), sizeof there) == 0;
  if (!connected_) refusal_ = errno;
}

RawClient::~RawClient() { ::close(socket_); }

void RawClient::send(const std::string& text) const {
  // A server that resets while we write shows it at the next receive().
  [[maybe_unused]] const ssize_t sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
}

RawClient::Answer RawClient::receive(std::chrono::milliseconds patience) const {
  const auto begin = Clock::now();
  Answer answer;
  for (;;) {
    answer.after = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
    if (const std::size_t whole = response_length(answer.text); whole > 0 && answer.text.size() >= whole) {
      answer.end = End::answered;
      return answer;
    }
    const auto left = std::max(std::chrono::milliseconds{0}, patience - answer.after);
    pollfd readable{socket_, POLLIN, 0};
    if (::poll(&readable, 1, static_cast<int>(left.count())) <= 0) return answer;
    std::array<char, 4096> chunk{};
    const ssize_t size = ::recv(socket_, chunk.data(), chunk.size(), 0);
    if (size <= 0) {
      answer.end = size == 0 ? End::closed : End::reset;
      return answer;
    }
    answer.text.append(chunk.data(), static_cast<std::size_t>(size));
  }
}

RawClient::Answer ask(std::uint16_t port, const std::string& request, std::chrono::milliseconds patience) {
  const RawClient client{port};
  client.send(request);
  return client.receive(patience);
}

std::string get(const std::string& target) { return "GET " + target + " HTTP/1.1\r\nHost: test\r\n\r\n"; }

std::string post(const std::string& target, const std::string& body) {
  return "POST " + target + " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

}  // namespace switchgear::house
