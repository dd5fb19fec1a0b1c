// Where an admin server listens, who may operate it, and its limits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "switchgear/core/time.hpp"
#include "switchgear/tls/context.hpp"

namespace switchgear::admin {

struct ServerLimits {
  /// A further one takes the place of the one that waits longest for its client.
  std::size_t connections = 256;
  std::size_t header_bytes = std::size_t{16} * 1024;    ///< 431 beyond
  std::uint64_t body_bytes = std::uint64_t{64} * 1024;  ///< 413 beyond
  Duration request_timeout = std::chrono::seconds{5};   ///< from a request's first byte to its last
  Duration idle_timeout = std::chrono::seconds{60};     ///< between two requests of one connection
  Duration write_timeout = std::chrono::seconds{10};    ///< for one response, or one batch of events
  std::size_t events_clients = 64;                      ///< 503 beyond
  /// Bytes that a client may lag behind before it is dropped; or as many as four deltas have, if that is
  /// more.
  std::size_t events_queued = std::size_t{1024} * 1024;
  Duration events_interval = std::chrono::milliseconds{250};  ///< between two deltas
  Duration events_heartbeat = std::chrono::seconds{10};
};

/// What a server answers. `probes`: only GET /livez and /readyz, to everyone, under any Host.
enum class Serves : std::uint8_t { everything, probes };

struct ServerOptions {
  /// Name or address to listen on. Any client that reaches the server can read everything and, without a
  /// token, operate it. Before you change this, set `token`, and put a proxy that authenticates in front.
  std::string host = "127.0.0.1";
  std::uint16_t port = 9090;  ///< 0: the system chooses
  /// A TCP socket that listens already, as another process has handed it over, in place of host and port; the
  /// server closes it. -1: none.
  int listening_socket = -1;
  /// Certificates and authorities of clients; empty: plain text. Server::use_tls() changes it.
  std::optional<tls::ServerContext> tls{};
  std::string token = {};              ///< for requests that change something; empty: none required
  std::string read_token = {};         ///< for requests that change nothing; empty: none required
  std::vector<std::string> origins{};  ///< further origins, as `https://ops.example.com`, that may send them
  Serves serves = Serves::everything;
  ServerLimits limits{};               ///< the defaults suit a program of any size
  std::function<TimePoint()> clock{};  ///< the breakers' clock; default: steady_clock
};

}  // namespace switchgear::admin
