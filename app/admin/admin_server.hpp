// admin/: looking at and operating the breakers from outside: REST, server-sent events, metrics, the
// dashboard, and the commands of the binary that are clients of it. Its own listener, its own thread. Never
// here: the path of a guarded call.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/config/config.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/observe/call_durations.hpp"
#include "switchgear/observe/transition_log.hpp"
#include "switchgear/registry/breaker_registry.hpp"

namespace prometheus {
class Collectable;
}

namespace switchgear::admin {

struct AdminLimits {
  std::size_t connections =
      256;  ///< a further one takes the place of the one that waits longest for its client
  std::size_t header_bytes = std::size_t{16} * 1024;    ///< 431 beyond
  std::uint64_t body_bytes = std::uint64_t{64} * 1024;  ///< 413 beyond
  Duration request_timeout = std::chrono::seconds{5};   ///< from a request's first byte to its last
  Duration idle_timeout = std::chrono::seconds{60};     ///< between two requests of one connection
  Duration write_timeout = std::chrono::seconds{10};    ///< for one response, or one batch of events
  std::size_t events_clients = 64;                      ///< 503 beyond
  std::size_t events_queued =
      std::size_t{1024} * 1024;  ///< bytes a client may lag behind before it is dropped
  Duration events_interval = std::chrono::milliseconds{250};  ///< between two deltas
  Duration events_heartbeat = std::chrono::seconds{10};
};

struct AdminOptions {
  config::Endpoint listen{"127.0.0.1", 9090};  ///< port 0: the system chooses
  std::string token;                           ///< empty: none required
  std::vector<std::string> origins;            ///< further origins that may send changing requests
  AdminLimits limits;
  std::function<TimePoint()> clock;  ///< the breakers' clock; default: steady_clock
};

struct ReloadResult {
  bool ok = false;
  std::vector<std::string> messages;  ///< what changed, or what is wrong
};

enum class CommandResult : std::uint8_t {
  done,
  not_found,     ///< the breaker does not exist
  unauthorized,  ///< no token, or a wrong one
  forbidden,     ///< sent by a page of a foreign origin, or to a foreign host
  invalid,       ///< the configuration to reload is not valid
};
[[nodiscard]] std::string_view to_string(CommandResult result) noexcept;

/// A request that changes something, carried out or not. The client chose `circuit`: it may hold anything.
struct CommandRecord {
  std::string_view command;  ///< `reset`, `force-open` … or `reload`
  std::string_view circuit;  ///< empty for `reload`
  std::string_view client;   ///< its address
  CommandResult result = CommandResult::done;
};

/// What the server needs from the program around it. All are called on the admin thread; an empty one means
/// "not there".
struct AdminCallbacks {
  std::function<ReloadResult()> reload;                          ///< POST /reload
  std::function<bool()> ready;                                   ///< GET /readyz; empty: always ready
  std::function<std::map<std::string, std::string>()> policies;  ///< circuit → name of its policy
  std::function<boost::json::object()> services = {};            ///< of GET /status; service → what it does
  std::function<void(const CommandRecord&)> audit = {};          ///< told of every changing request
  /// Told the address of every client of the event stream that is disconnected because it reads too slowly.
  std::function<void(std::string_view)> slow_client = {};
};

/// What the server shows. Borrowed: must outlive it. `transitions` must be subscribed to the registry's
/// events by its owner, so that it also knows what happened before the server started.
struct AdminSources {
  BreakerRegistry& registry;
  TransitionLog& transitions;
  const CallDurations& durations;
  std::vector<std::shared_ptr<const prometheus::Collectable>>
      collectables;  ///< further families for /metrics
};

/// The admin server.
///
///     AdminServer admin{{config.gateway.admin, token, origins}, {registry, *log, durations, {}}, callbacks};
///     admin.start();
///     … admin.port() …
///     admin.stop();
///
/// Threads: the constructor, start() and stop() from one thread; port() from any. The destructor stops.
class AdminServer {
 public:
  /// Binds and listens. Throws std::system_error naming the endpoint when that fails.
  AdminServer(const AdminOptions& options, const AdminSources& sources, AdminCallbacks callbacks);
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;
  ~AdminServer();

  /// The port it listens on; the system's choice when 0 was given.
  [[nodiscard]] std::uint16_t port() const noexcept;

  /// Starts its thread. Connections made before wait in the backlog.
  void start();

  /// Ends every connection and the thread. Harmless when not started or already stopped.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace switchgear::admin
