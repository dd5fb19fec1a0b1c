// The options of a client, and the figures of its pool.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "switchgear/core/time.hpp"
#include "switchgear/postgres/failure_classifier.hpp"

namespace switchgear::postgres {

/// Of the connections to one database. The sum of `max` over all clients must leave room below the server's
/// `max_connections`.
struct PoolOptions {
  /// Kept open: not closed because they are idle, and opened beside the first call that needs one.
  std::size_t min = 0;
  /// Open at once, idle ones included; at least 1. More connections than the server has cores and disks to
  /// work with make statements slower, not more of them.
  std::size_t max = 10;
  /// Calls that wait for a connection, in the order in which they came; one more ends with Errc::pool_full.
  std::size_t max_waiting = 256;
  /// A call that has waited this long for a connection ends with Errc::pool_timeout.
  Duration max_wait = std::chrono::seconds{5};
  /// A connection that has been idle for this long is closed.
  Duration idle_timeout = std::chrono::minutes{5};
  /// A connection is not used for another call once it is this old, so that a database that has moved is
  /// found again, and a server's memory for the session does not grow for ever.
  Duration max_age = std::chrono::minutes{30};
  /// A connection is closed after this many calls. 0: no limit.
  std::uint64_t max_uses = 0;
  /// A connection that has been idle for this long is asked for a sign of life before it is used. A
  /// connection that the server has closed is found without asking.
  Duration check_after = std::chrono::seconds{10};
  /// How long the sign of life may take; then the connection is replaced.
  Duration check_timeout = std::chrono::seconds{1};
  /// For all addresses together, TLS and authentication included.
  Duration connect_timeout = std::chrono::seconds{2};
  /// How long a connection whose call has ended early is given to cancel the statement at the server and roll
  /// back. Nothing waits for it; then it is closed.
  Duration cancel_timeout = std::chrono::seconds{2};

  friend bool operator==(const PoolOptions&, const PoolOptions&) = default;
};

struct ClientOptions {
  PoolOptions pool{};
  /// Of a whole call, its retries and waits included, if the statement says nothing else.
  Duration timeout = std::chrono::seconds{30};
  /// A statement is prepared on a connection when it is sent there for this time; until then it is sent as it
  /// is. 1: at once. 0: never, which pgbouncer needs if it does not pool whole sessions.
  unsigned prepare_at = 3;
  /// Prepared statements per connection; the one that was not used for longest makes room.
  std::size_t max_prepared = 128;
  /// Which errors are failures of the database, for a pipeline that does not say so itself
  /// (Pipeline::classified_by).
  FailureRules failures{};
};

/// The pool, at one moment, and what has happened since it was made.
struct PoolFigures {
  std::string database;    ///< `10.0.0.5:5432/shop`
  std::size_t active = 0;  ///< in use by a call
  std::size_t idle = 0;
  std::size_t connecting = 0;
  std::size_t recovering = 0;   ///< cancelling or rolling back what a call left behind
  std::size_t waiting = 0;      ///< calls without a connection
  std::uint64_t opened = 0;     ///< connections
  std::uint64_t reused = 0;     ///< calls on a connection that was kept
  std::uint64_t failed = 0;     ///< connections that could not be opened
  std::uint64_t recycled = 0;   ///< closed because they were idle too long, too old, used up, or found dead
  std::uint64_t broken = 0;     ///< closed because they broke, or could not be recovered
  std::uint64_t cancelled = 0;  ///< statements that were cancelled at the server
  std::uint64_t refused = 0;    ///< calls that ended with Errc::pool_full or Errc::pool_timeout
};

}  // namespace switchgear::postgres
