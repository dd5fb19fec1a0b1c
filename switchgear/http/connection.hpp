// One connection to an upstream, from its first SYN to its last byte. Made, kept and ended by its
// ConnectionPool.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <cstdint>

#include "switchgear/http/address_book.hpp"
#include "switchgear/http/connection_budget.hpp"
#include "switchgear/http/event_loop.hpp"
#include "switchgear/http/stream.hpp"

namespace switchgear::http {

class ConnectionPool;

enum class ConnectError : std::uint8_t {
  refused,     ///< refused, unreachable, reset: no address of the upstream took the connection
  timeout,     ///< the last address to be tried did not answer in time
  unresolved,  ///< the name is not known
  resources,   ///< this process has no descriptor left: says nothing about the upstream
};

class Connection final : public RestingHook, private Stream::Owner, private Timer {
 public:
  static constexpr std::size_t idle_memory = 4096;

  explicit Connection(ConnectionPool& pool) : pool_(pool) {}
  ~Connection() override;

  /// Precondition: connected.
  [[nodiscard]] Stream& stream() noexcept { return *stream_; }
  /// It has been idle since it was made.
  [[nodiscard]] bool kept() const noexcept { return kept_; }

 private:
  friend class ConnectionPool;
  friend class Lease;
  enum class Phase : std::uint8_t { connecting, idle, leased };

  /// Tries one address after the other, each for its share of the time that is left, so that one that does
  /// not answer leaves time for the next; tells the pool how it ended, perhaps before it returns.
  void connect(const Addresses& addresses);
  /// Precondition: an address is left.
  void try_next();
  void address_failed(ConnectError error);
  void lease();
  void rest();

  void on_ready(Stream& stream) override;
  void on_timer(TimePoint now) override;

  ConnectionPool& pool_;
  StreamPtr stream_;
  boost::asio::ip::tcp::endpoint trying_;
  Addresses untried_;       ///< the next one last
  TimePoint connect_by_{};  ///< when every address has had its turn
  std::size_t index_ = 0;   ///< in the pool's list
  TimePoint resting_since_{};
  bool kept_ = false;
  Phase phase_ = Phase::connecting;
};

}  // namespace switchgear::http
