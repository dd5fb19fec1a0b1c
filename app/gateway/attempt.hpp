// One attempt of a call: a connection, or the wait for one, and what is exchanged on it.
#pragma once

#include <cstdint>
#include <optional>

#include "switchgear/http/connection_pool.hpp"
#include "switchgear/http/exchange.hpp"

namespace switchgear::gateway {

/// Notified when one of its calls may go on.
class CallOwner {
 public:
  virtual void on_call_event() = 0;

 protected:
  ~CallOwner() = default;
};

/// Plain state; the session reads and writes it. Threads: its worker's.
class Attempt final : public http::ConnectionPool::Waiter {
 public:
  enum class Phase : std::uint8_t {
    idle,
    unplaced,    ///< too many wait for a connection; not told to the machine yet
    connecting,  ///< waits for a connection
    exchanging,
  };

  Attempt();
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  void begin(CallOwner& owner, unsigned branch, TimePoint now, TimePoint until) noexcept;
  /// Waits no longer, closes the connection.
  void abandon(http::ConnectionPool& pool) noexcept;
  /// Takes away a response whose head is at hand; keeps the connection if all of it has come.
  void discard_response() noexcept;

  [[nodiscard]] bool running() const noexcept { return phase != Phase::idle; }

  Phase phase = Phase::idle;
  unsigned branch = 0;
  TimePoint started{};
  TimePoint until = TimePoint::max();  ///< the machine's limit
  TimePoint since{};                   ///< the upstream's last progress, or since when it is waited for
  std::size_t body_sent = 0;           ///< of a body that is held
  std::uint32_t interims = 0;          ///< 1xx heads that came
  bool sent = false;                   ///< all of the request is with the upstream
  bool deaf = false;                   ///< it takes no more of the request; may still answer
  bool waited_for = false;             ///< it is the upstream's turn
  std::optional<Duration> first_byte;  ///< of a stream: its latency, which does not grow any more
  http::Lease lease;                   ///< between the pool and the exchange
  std::optional<http::ConnectError> error;
  http::Exchange exchange;

 private:
  void on_connection(http::Lease given) override;
  void on_connect_error(http::ConnectError why) override;

  CallOwner* owner_ = nullptr;
};

}  // namespace switchgear::gateway
