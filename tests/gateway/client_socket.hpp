// A client at an address of its own.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <stdexcept>

#include "tests/gateway/wire.hpp"

namespace switchgear::wire {

/// Connects from `address`, one of 127.0.0.0/8, to the port of 127.0.0.1.
[[nodiscard]] inline Socket connect_from(const char* address, std::uint16_t port) {
  Socket socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in own{};
  own.sin_family = AF_INET;
  ::inet_pton(AF_INET, address, &own.sin_addr);
  sockaddr_in there{};
  there.sin_family = AF_INET;
  there.sin_port = htons(port);
  ::inet_pton(AF_INET, "127.0.0.1", &there.sin_addr);
  if (::bind(socket.descriptor(), reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0 ||
      ::connect(socket.descriptor(), reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0)
    throw std::runtime_error{"cannot connect from this address"};
  return socket;
}

}  // namespace switchgear::wire
