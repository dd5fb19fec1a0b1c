// admin/: looking at and operating the breakers of a program from outside: REST, server-sent events, metrics,
// health, the dashboard. Never here: the path of a guarded call, reading files, what only one program has.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <memory>
#include <optional>

#include "switchgear/admin/program.hpp"
#include "switchgear/admin/server_options.hpp"
#include "switchgear/tls/context.hpp"

namespace switchgear {
class BreakerRegistry;
}  // namespace switchgear

namespace switchgear::admin {

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

  /// The socket, for another process that is to accept from it too; the server's.
  [[nodiscard]] int listening_socket() const noexcept;
  /// Takes no further connections; those that there are go on.
  void stop_listening();

  /// Of connections that are accepted from now on; those that there are keep what they began with.
  /// Threads: any, also from a function of the program.
  void use_tls(std::optional<tls::ServerContext> tls);

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
