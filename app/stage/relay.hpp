// A TCP relay on loopback in front of a real server, which refuses and hangs as it is told: how a scenario
// takes a dependency away that does not speak HTTP. Never here: when it does so.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_set>

#include "app/stage/net.hpp"

namespace switchgear::stage {

/// Threads: the one that runs `io`. Lifetime: `io` is stopped before it is destroyed.
class Relay {
 public:
  /// Takes the port, 0 for one that the system chooses, and does not listen yet. Throws
  /// boost::system::system_error.
  Relay(asio::io_context& io, std::uint16_t port, tcp::endpoint server);

  void start() { listen(); }

  /// While it refuses, it does not listen: connections are refused, open ones have been closed.
  void refuse(bool refused);
  /// While it hangs, it takes connections and bytes, and passes none on. Connections of that time are closed
  /// at its end.
  void hang(bool hangs);

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::uint64_t connections() const noexcept { return connections_; }

 private:
  struct Pair {
    explicit Pair(asio::io_context& io) : client(io), server(io) {}
    tcp::socket client, server;
    void close();
  };
  using Held = std::shared_ptr<Pair>;

  void reserve(std::uint16_t port);
  void listen();
  void close_all();
  asio::awaitable<void> accept(std::uint64_t listening);
  asio::awaitable<void> join(Held pair);
  asio::awaitable<void> pass(Held pair, tcp::socket& from, tcp::socket& to);

  asio::io_context& io_;
  const tcp::endpoint server_;
  tcp::acceptor acceptor_;
  std::unordered_set<Held> open_;
  std::uint64_t listening_ = 0;
  std::uint64_t connections_ = 0;
  std::uint16_t port_ = 0;
  bool refused_ = false;
  bool hangs_ = false;
};

}  // namespace switchgear::stage
