// app/serve: the gateway, its admin server, its logs and its configuration file composed to one process, with
// its signals, its reload and its end. Beside app/main.cpp the only place where rooms of app/ meet. Never
// here: what a request or an operator's command is answered.
#pragma once

#include <spdlog/logger.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <stdexcept>

#include "app/admin/admin_server.hpp"
#include "app/gateway/gateway.hpp"
#include "app/serve/admin_log.hpp"
#include "app/serve/breaker_log.hpp"
#include "app/serve/drain.hpp"
#include "app/serve/serve_flags.hpp"
#include "app/serve/served_config.hpp"
#include "app/serve/signals.hpp"
#include "switchgear/config/config.hpp"
#include "switchgear/observe/call_durations.hpp"
#include "switchgear/observe/transition_log.hpp"
#include "switchgear/registry/policy_registry.hpp"
#include "switchgear/registry/ticker.hpp"

namespace switchgear::serve {

/// An address that the process could not listen on; says which, and where it comes from.
class CannotListen final : public std::runtime_error {
  using runtime_error::runtime_error;
};

/// One gateway process. `config` is the file of `flags` with the flags in place of its addresses.
class Server {
 public:
  /// Listens. Throws CannotListen, or gateway::TooFewOpenFiles.
  Server(ServeFlags flags, config::Config config, spdlog::logger& log);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Serves until SIGTERM or SIGINT, then drains. Prints one line with the addresses to stdout once it
  /// serves.
  void run();

 private:
  [[nodiscard]] std::unique_ptr<admin::AdminServer> make_admin(const config::GatewayOptions& options);
  void on_signal(int signal);
  void begin_drain();
  void look_every_second();

  const config::Endpoint listen_;         ///< as asked for; the port may be the system's choice
  const config::Endpoint admin_address_;  ///< likewise
  spdlog::logger& log_;
  PolicyRegistry policies_;
  BreakerRegistry& registry_ = policies_.breakers();
  const std::shared_ptr<TransitionLog> transitions_ = std::make_shared<TransitionLog>();
  AdminLog admin_log_{log_};
  const Ticker ticker_{registry_, [] { return std::chrono::steady_clock::now(); }};
  CallDurations durations_;
  const std::shared_ptr<gateway::Gateway> gateway_;
  ServedConfig config_;
  const std::unique_ptr<admin::AdminServer> admin_;
  std::atomic<bool> ready_{false};
  boost::asio::io_context main_;
  Signals signals_{main_, [this](int signal) { on_signal(signal); }};
  boost::asio::steady_timer second_{main_};
  Drain drain_{*gateway_, log_};
};

}  // namespace switchgear::serve
