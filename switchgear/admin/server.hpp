// admin/: looking at and operating the breakers of a program from outside: REST, server-sent events, metrics,
// health, the dashboard. Never here: the path of a guarded call, reading files, what only one program has.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/json/object.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "switchgear/admin/added_resource.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/telemetry/metric_families.hpp"

namespace switchgear {
class BreakerRegistry;
class CallDurations;
class EventQueue;
class TransitionLog;
}  // namespace switchgear

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
  /// Bytes that a client may lag behind before it is dropped.
  std::size_t events_queued = std::size_t{1024} * 1024;
  Duration events_interval = std::chrono::milliseconds{250};  ///< between two deltas
  Duration events_heartbeat = std::chrono::seconds{10};
};

struct ServerOptions {
  /// Name or address to listen on. Any client that reaches the server can read everything and, without a
  /// token, operate it. Before you change this, set `token`, and put a proxy that authenticates in front.
  std::string host = "127.0.0.1";
  std::uint16_t port = 9090;           ///< 0: the system chooses
  std::string token = {};              ///< for requests that change something; empty: none required
  std::vector<std::string> origins{};  ///< further origins, as `https://ops.example.com`, that may send them
  ServerLimits limits{};               ///< the defaults suit a program of any size
  std::function<TimePoint()> clock{};  ///< the breakers' clock; default: steady_clock
};

struct ReloadResult {
  bool ok = false;
  std::vector<std::string> messages;  ///< what changed, or what is wrong
};

/// What the program around the server adds to a registry. All of it is optional, and borrowed until the
/// server has stopped. Functions are called on the server's executor, one at a time; they must neither block
/// it for long nor stop the server.
struct Program {
  std::function<bool()> ready = {};                                   ///< GET /readyz; empty: always ready
  std::function<ReloadResult()> reload = {};                          ///< POST /reload; empty: 501
  std::function<std::map<std::string, std::string>()> policies = {};  ///< circuit → name of its policy
  std::function<boost::json::object()> services = {};  ///< of GET /status: service → what it does
  telemetry::MetricSource metrics = {};                ///< further families for GET /metrics
  const CallDurations* durations = nullptr;            ///< for the histograms of GET /metrics
  /// Subscribed by its owner, so that it also knows what happened before the server was made. Once a minute
  /// the server drops the transitions of breakers that have left the registry. Null: the server has one of
  /// its own.
  std::shared_ptr<TransitionLog> transitions = nullptr;
  /// What the event stream is made from, subscribed to the registry by its owner. The server adds every
  /// request that changes something (LoggedCommand), and every client of the event stream that it disconnects
  /// (LoggedSlowClient). Null: the server has one of its own.
  std::shared_ptr<EventQueue> events = nullptr;
  std::vector<AddedResource> resources = {};  ///< beside the server's own
};

/// The admin server of a program.
///
///     BreakerRegistry registry{…};
///     admin::Server server{context.get_executor(), registry};   // or, without Asio: server{registry}
///     server.start();
///     std::cout << "http://127.0.0.1:" << server.port() << "/dashboard\n";
///
/// A request never holds up a call: it reads snapshots. Breakers whose transitions are due need a Ticker, or
/// calls, to show them. Threads: everything runs on `executor`, one thing at a time also if several threads
/// run it; without one, on a thread of the server's own. The methods are called from one thread at a time.
/// Lifetime: the registry must outlive the server, and so must the executor's context.
class Server {
 public:
  /// Binds and listens. Throws std::system_error naming host and port when that fails, and
  /// std::invalid_argument naming the path when one of `program.resources` cannot be served.
  Server(const boost::asio::any_io_executor& executor, BreakerRegistry& registry,
         const ServerOptions& options = {}, Program program = {});
  explicit Server(BreakerRegistry& registry, const ServerOptions& options = {}, Program program = {});
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  /// The port it listens on; the system's choice when 0 was given.
  [[nodiscard]] std::uint16_t port() const noexcept;

  /// Begins to answer. Connections made before wait in the backlog.
  void start();

  /// Ends every connection. From its return on, nothing that was borrowed is used any more; what is left to
  /// close is closed when the executor runs next. Harmless when not started or already stopped. Waits for the
  /// function of the program that is running, if one is.
  void stop();

 private:
  class Core;
  struct OwnThread;

  std::unique_ptr<OwnThread> own_;  // destroyed after core_, whose sockets belong to its context
  std::shared_ptr<Core> core_;
};

}  // namespace switchgear::admin
