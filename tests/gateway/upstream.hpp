// An upstream that does what a test says, connection by connection.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/gateway/wire.hpp"

namespace switchgear::wire {

/// Listens on a port of the system's choice; runs `serve` for every connection, each on a thread of its own.
class Upstream {
 public:
  using Serve = std::function<void(Socket&)>;

  /// Told which of the connections it serves, from 1, in the order in which the gateway made them. Who asks
  /// threads for an order may get another.
  using ServeInOrder = std::function<void(Socket&, int)>;

  explicit Upstream(Serve serve);
  explicit Upstream(ServeInOrder serve);
  /// At an address of this machine, such as 127.0.0.2. Port 0: of the system's choice.
  Upstream(Serve serve, const std::string& address, std::uint16_t port);
  /// At a Unix socket.
  Upstream(Serve serve, const std::string& path);
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;
  ~Upstream();

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] int connections() const { return connections_.load(); }

  /// Answers every request on a connection with `answer(request)`, as long as the peer keeps it open.
  [[nodiscard]] static Serve answering(std::function<std::string(const Message&)> answer);
  /// The same, always the same text.
  [[nodiscard]] static Serve saying(std::string answer);

 private:
  void accept();
  void listen(const std::string& address, std::uint16_t port);
  void begin();

  ServeInOrder serve_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::list<Socket> sockets_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

/// A port without a listener, held so that no other process gets it.
class DeafPort {
 public:
  DeafPort();
  ~DeafPort();
  DeafPort(const DeafPort&) = delete;
  DeafPort& operator=(const DeafPort&) = delete;
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  int descriptor_ = -1;
  std::uint16_t port_ = 0;
};

/// `HTTP/1.1 200 OK` with a length.
[[nodiscard]] std::string ok(const std::string& body = "fine", const std::string& fields = "");

}  // namespace switchgear::wire
