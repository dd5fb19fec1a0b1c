// One connection to an upstream, from its first SYN to its last byte. Made, kept and ended by its
// ConnectionPool.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "switchgear/http/event_loop.hpp"
#include "switchgear/http/stream.hpp"

namespace switchgear::http {

class ConnectionPool;

enum class ConnectError : std::uint8_t {
  refused,  ///< refused, unreachable, reset: no address of the upstream took the connection
  timeout,
  unresolved,  ///< the name is not known
  resources,   ///< this process has no descriptor left: says nothing about the upstream
};

class Connection final : private Stream::Owner, private Timer {
 public:
  static constexpr std::size_t idle_memory = 4096;

  explicit Connection(ConnectionPool& pool) : pool_(pool) {}
  ~Connection() override;

  /// Precondition: connected.
  [[nodiscard]] Stream& stream() noexcept { return *stream_; }
  [[nodiscard]] std::size_t exchanges() const noexcept { return exchanges_; }

 private:
  friend class ConnectionPool;
  friend class Lease;
  enum class Phase : std::uint8_t { connecting, idle, leased };

  /// Tries one address after the other; tells the pool how it ended, perhaps before it returns.
  void connect(const std::vector<boost::asio::ip::tcp::endpoint>& addresses);
  void try_next();
  void lease();
  void rest();

  void on_ready(Stream& stream) override;
  void on_timer(TimePoint now) override;

  ConnectionPool& pool_;
  StreamPtr stream_;
  std::vector<boost::asio::ip::tcp::endpoint> untried_;
  std::size_t exchanges_ = 0;
  std::size_t index_ = 0;  ///< in the pool's list
  TimePoint resting_since_{};
  Phase phase_ = Phase::connecting;
};

}  // namespace switchgear::http
