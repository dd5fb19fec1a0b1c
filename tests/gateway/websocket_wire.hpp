// Handshakes of WebSocket as bytes, with the key and the answer of RFC 6455, 1.3.
#pragma once

#include <cstdlib>
#include <string>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {

/// Of a service: takes upgrades to WebSocket.
inline constexpr const char* upgrading = "/, upgrade: [websocket]";

/// A request for an upgrade; `more`: further lines.
[[nodiscard]] inline std::string handshake(const std::string& more = "") {
  return "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
         more + "\r\n";
}

inline constexpr const char* switched =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: WebSocket\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// Takes the upgrade, and then does what `then` says.
template <class Then>
[[nodiscard]] Upstream::Serve switching(Then then) {
  return [then](Socket& socket) {
    if (socket.read_head().empty()) return;
    socket.send(switched);
    then(socket);
  };
}

/// Sends back what comes, until its peer ends.
inline void echo(Socket& socket) {
  for (std::string bytes; !(bytes = socket.receive()).empty();) socket.send(bytes);
}

/// A client whose connection is upgraded.
[[nodiscard]] inline Socket upgraded(const GatewayProcess& gateway, int receive_buffer = 0) {
  Socket client = Socket::connect(gateway.port(), receive_buffer);
  client.send(handshake());
  const std::string head = client.read_head();
  if (!head.starts_with("HTTP/1.1 101 ")) throw std::runtime_error{"not upgraded: " + head};
  return client;
}

/// 0 while the line is not there.
[[nodiscard]] inline std::uint64_t figure(const GatewayProcess& gateway, const std::string& line) {
  const std::string text = gateway.admin("GET", "/metrics").body;
  const std::size_t at = text.find("\n" + line + " ");
  return at == std::string::npos ? 0 : std::strtoull(text.c_str() + at + line.size() + 2, nullptr, 10);
}
[[nodiscard]] inline std::uint64_t open_upgrades(const GatewayProcess& gateway) {
  return figure(gateway, "switchgear_gateway_upgraded_connections{service=\"shop\"}");
}
[[nodiscard]] inline std::uint64_t ended_upgrades(const GatewayProcess& gateway, const std::string& reason) {
  return figure(gateway,
                "switchgear_gateway_upgrades_ended_total{service=\"shop\",reason=\"" + reason + "\"}");
}

}  // namespace switchgear::wire
