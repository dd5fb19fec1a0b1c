// A bare TCP client for tests: sends bytes, waits for bytes, never longer than its deadline.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace switchgear::admin {

class RawClient {
 public:
  /// `receive_buffer`: of the kernel, 0 for its default; a small one makes a slow reader slow at once.
  explicit RawClient(std::uint16_t port, int receive_buffer = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer > 0)
      setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      throw std::system_error(errno, std::generic_category(), "connect");
    }
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient() { close(socket_); }

  /// False when the server has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// Reads until `wanted` has come and returns everything up to its end; throws when it does not come.
  std::string read_until(std::string_view wanted) {
    while (true) {
      const auto found = received_.find(wanted);
      if (found != std::string::npos) {
        std::string taken = received_.substr(0, found + wanted.size());
        received_.erase(0, taken.size());
        return taken;
      }
      if (!receive()) throw std::runtime_error("closed before '" + std::string{wanted} + "': " + received_);
    }
  }

  /// Everything until the server closes; throws when it does not.
  std::string read_to_end() {
    while (receive()) continue;
    return received_;
  }

 private:
  static constexpr std::chrono::milliseconds patience{60'000};

  /// False at the end of the connection.
  bool receive() {
    pollfd waiting{socket_, POLLIN, 0};
    if (poll(&waiting, 1, static_cast<int>(patience.count())) <= 0)
      throw std::runtime_error("nothing came: " + received_);
    std::array<char, std::size_t{16} * 1024> bytes{};
    const ssize_t got = recv(socket_, bytes.data(), bytes.size(), 0);
    if (got <= 0) return false;
    received_.append(bytes.data(), static_cast<std::size_t>(got));
    return true;
  }

  int socket_;
  std::string received_;
};

}  // namespace switchgear::admin
