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
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "app/alert/alerts.hpp"
#include "app/experiment/shadows.hpp"
#include "app/experiment/splits.hpp"
#include "app/fleet/identity.hpp"
#include "app/fleet/membership.hpp"
#include "app/gateway/gateway.hpp"
#include "app/history/history.hpp"
#include "app/otlp/exporter.hpp"
#include "app/recording/recordings.hpp"
#include "app/serve/background_sink.hpp"
#include "app/serve/drain.hpp"
#include "app/serve/event_log.hpp"
#include "app/serve/figure_board.hpp"
#include "app/serve/inherited.hpp"
#include "app/serve/serve_flags.hpp"
#include "app/serve/served_access_log.hpp"
#include "app/serve/served_config.hpp"
#include "app/serve/service_manager.hpp"
#include "app/serve/signals.hpp"
#include "app/service_health/service_checks.hpp"
#include "app/takeover/predecessor.hpp"
#include "app/takeover/started_successor.hpp"
#include "app/takeover/successor.hpp"
#include "switchgear/admin/server.hpp"
#include "switchgear/config/config.hpp"
#include "switchgear/config/file_watcher.hpp"
#include "switchgear/config/own_sections.hpp"
#include "switchgear/observe/call_durations.hpp"
#include "switchgear/observe/event_queue.hpp"
#include "switchgear/observe/transition_log.hpp"
#include "switchgear/registry/policy_registry.hpp"
#include "switchgear/registry/ticker.hpp"

namespace switchgear::serve {

/// An address that the process could not listen on, or a file that it could not open; says which, and the key
/// or flag that it comes from.
class CannotServe final : public std::runtime_error {
  using runtime_error::runtime_error;
};

/// What belongs to the process rather than to what it serves; outlives the server.
struct Process {
  spdlog::logger& log;
  const BackgroundSink& sink;  ///< of the log
  Signals& signals;
  std::string program;  ///< path of its file, for a process that is to follow; empty: not known
};

/// One gateway process. `config` is the file of `flags`, read with `sections`, with the flags in place of its
/// addresses.
class Server {
 public:
  /// Listens. Throws CannotServe, or gateway::TooFewOpenFiles.
  Server(const ServeFlags& flags, config::Config config, const config::OwnSections& sections,
         const Process& process, Inherited inherited = {});
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  /// Serves until SIGTERM or SIGINT, and for gateway.shutdown_delay after it; then drains. Prints one line
  /// with the addresses to stdout once it serves. Throws CannotServe when a process that hands over does not
  /// end its service.
  void run();

 private:
  /// Of a service with several instances: a bad one gets no calls, a good one may be called again.
  void tell_instance(const service_health::Target& target, service_health::Alone alone,
                     const health::Judged& judged) const;
  void tell_instance(const service_health::Target& target, service_health::Alone alone,
                     health::Status status) const;
  /// The checks of a service drive its shadows as they drive its breakers.
  void tell_shadows(const service_health::Target& target, service_health::Alone alone,
                    const health::Judged& judged) const;
  [[nodiscard]] std::vector<service_health::Place> places_of(const config::Service& service) const;
  /// What the gateway adds to its breakers.
  [[nodiscard]] admin::Program program();
  [[nodiscard]] admin::Program seen_circuits();
  /// What the gateway counts, and what its process does.
  void add_metrics(telemetry::MetricFamilies& to) const;
  void export_metrics(telemetry::MetricFamilies& to) const;
  /// As the operator, a signal or a change of the file asks; the service manager is told.
  admin::ReloadResult reload();
  void finish_takeover();
  /// `inherited` from the process before this one, if any.
  void await_successor(http::Descriptor inherited);
  void start_successor();
  [[nodiscard]] bool step_down(pid_t successor);
  void on_signal(int signal);
  void close();
  void begin_end();
  void begin_drain();
  /// Whether the service manager hears of the end: not if the unit goes on with another process.
  enum class Telling { manager, none };
  void finish_requests(Telling telling);
  void look_every_second();
  void look_at_splits();
  /// One that was stopped before this process stays stopped.
  void remember_stopped_splits();
  [[nodiscard]] std::unique_ptr<admin::Server> make_probes(http::Descriptor inherited);
  void use_admin_tls(const std::optional<tls::ServerContext>& tls);
  /// One line for people.
  void say_serving() const;
  [[nodiscard]] std::string serving() const;
  void on_file_changed();

  const config::Endpoint admin_address_;  ///< as asked for; the port may be the system's choice
  const std::optional<config::Endpoint> probes_address_;
  std::atomic<bool> admin_encrypted_;             ///< a reload may change it
  const std::string takeover_at_;                 ///< empty: no process can take over
  std::optional<takeover::Successor> successor_;  ///< until it has taken over
  spdlog::logger& log_;
  const BackgroundSink& log_sink_;
  Signals& signals_;
  PolicyRegistry policies_;
  BreakerRegistry& registry_ = policies_.breakers();
  const std::shared_ptr<TransitionLog> transitions_ = std::make_shared<TransitionLog>();
  const std::shared_ptr<EventQueue> events_ = std::make_shared<EventQueue>();
  boost::asio::io_context main_;
  EventLog event_log_{main_, events_, log_};
  const Ticker ticker_{registry_, [] { return std::chrono::steady_clock::now(); }};
  CallDurations durations_;
  recording::Recordings recordings_{
      registry_, [this](const std::string& service) { return gateway_->values(service); },
      [this](const std::string& service) { return gateway_->route_policies(service); }};
  experiment::Shadows shadows_{registry_};
  experiment::Splits splits_{[this] { return gateway_->splits(); }, registry_, events_};
  const std::unique_ptr<otlp::Exporter> exporter_;  ///< null: nothing is exported
  const std::shared_ptr<gateway::Gateway> gateway_;
  history::History history_;
  alert::Alerts alerts_;
  service_health::ServiceChecks checks_{
      [this](const std::string& service) { return gateway_->guards_of(service); },
      durations_,
      log_,
      [this](const config::Service& service) { return places_of(service); },
      {[this](const auto& target, auto alone, const auto& judged) {
         tell_instance(target, alone, judged);
         tell_shadows(target, alone, judged);
       },
       [this](const auto& target, auto alone, auto status) { tell_instance(target, alone, status); }}};
  fleet::Membership fleet_{registry_, log_,
                           [this](std::string_view name) { return gateway_->serves(std::string{name}); },
                           [this] { return fleet::identity_of(gateway_->addresses()); },
                           [this](LoggedInstance event) { events_->publish(std::move(event)); }};
  ServedAccessLog access_log_;
  ServedConfig config_;
  FigureBoard figures_;
  const std::unique_ptr<admin::Server> admin_;   ///< null: the file says false
  const std::unique_ptr<admin::Server> probes_;  ///< null: the file names no address
  std::atomic<bool> ready_{false};
  const ServiceManager manager_ = ServiceManager::of_environment();
  boost::asio::steady_timer second_{main_};
  boost::asio::steady_timer block_{main_};  ///< of splits
  boost::asio::steady_timer shutdown_delay_{main_};
  std::optional<config::FileChanges> file_changes_;
  const std::vector<std::string> successor_command_;  ///< empty: the program is not known
  std::optional<takeover::StartedSuccessor> started_;
  bool starting_ = false;
  std::unique_ptr<takeover::Predecessor> predecessor_;  ///< null: no process can take over
  Drain drain_{*gateway_, log_};
};

}  // namespace switchgear::serve
