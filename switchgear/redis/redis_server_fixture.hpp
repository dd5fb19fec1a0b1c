// A real redis-server for one test, on a port the system chose.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "switchgear/redis/address.hpp"
#include "switchgear/redis/reply.hpp"
#include "tests/house/certificates.hpp"
#include "tests/house/program.hpp"

namespace switchgear::redis {

/// Keeps nothing on disk. It is killed with the object.
class RedisServer {
 public:
  enum class Kind : std::uint8_t { server, sentinel, cluster_node };

  /// `options`: further words of its command line, as `--requirepass`, `secret`. With `certificates`, a node
  /// of a cluster speaks TLS on another port as well, and with the other nodes.
  explicit RedisServer(std::vector<std::string> options = {}, Kind kind = Kind::server,
                       const house::Certificates* certificates = nullptr);
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;
  ~RedisServer();

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] Address address() const;
  /// Of a node that speaks TLS.
  [[nodiscard]] Address tls_address() const;
  /// A command on a connection of its own, waiting for the reply.
  Reply run(std::initializer_list<std::string_view> words) const;

  /// Makes it speak TLS on another port, which comes back, as `localhost`. The server must have been started
  /// with
  /// `--tls-port 0`.
  [[nodiscard]] std::uint16_t speak_tls(const house::Certificates& certificates) const;

  void signal(int number) const { program_->signal(number); }
  void kill();   ///< SIGKILL, and waits until it is gone
  void start();  ///< again, on the same port, empty; a node of a cluster knows the others still

 private:
  void start_sentinel();

  const std::vector<std::string> options_;
  const Kind kind_;
  const house::Certificates* const certificates_;
  std::filesystem::path folder_;
  std::uint16_t port_ = 0, bus_port_ = 0, tls_port_ = 0;
  std::unique_ptr<house::Program> program_;
};

/// A connection that waits, for tests. Not encrypted.
class BlockingConnection {
 public:
  explicit BlockingConnection(std::uint16_t port);
  BlockingConnection(const BlockingConnection&) = delete;
  BlockingConnection& operator=(const BlockingConnection&) = delete;
  ~BlockingConnection();
  Reply run(const std::string& command);

 private:
  int socket_ = -1;
  ReplyReader reader_;
};

/// Whether `holds` becomes true within `patience`.
[[nodiscard]] bool soon(const std::function<bool()>& holds,
                        std::chrono::milliseconds patience = std::chrono::seconds{10});

}  // namespace switchgear::redis
