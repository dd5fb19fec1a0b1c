#include "app/serve/server.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <future>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "app/alert/alert_metrics.hpp"
#include "app/alert/alert_options.hpp"
#include "app/alert/alert_resources.hpp"
#include "app/alert/outbox/sqlite_outbox.hpp"
#include "app/experiment/experiment_resources.hpp"
#include "app/experiment/split_resources.hpp"
#include "app/fleet/fleet_resources.hpp"
#include "app/fleet/fleet_settings.hpp"
#include "app/gateway/open_files.hpp"
#include "app/history/history_metrics.hpp"
#include "app/history/history_resource.hpp"
#include "app/history/history_section.hpp"
#include "app/recording/recording_resources.hpp"
#include "app/serve/circuit_labels.hpp"
#include "app/serve/log_section.hpp"
#include "app/serve/value_resources.hpp"
#include "app/service_health/health_report.hpp"
#include "switchgear/config/address.hpp"
#include "switchgear/telemetry/breaker_metrics.hpp"

namespace switchgear::serve {

namespace {

constexpr auto a_second = std::chrono::seconds{1};
constexpr std::size_t most_probes =
    8;  // at once; a further one takes the place of the one that waits longest
// At the end, for what a collector has not been sent yet.
constexpr auto time_to_export = std::chrono::seconds{3};
// From the end of the drain to that of the process.
constexpr auto time_to_close = std::chrono::seconds{20};

/// Makes what listens. `key`: of the policy file; `flag`: given in its place, if it was.
template <class Make>
[[nodiscard]] auto listening(std::string_view key, std::string_view flag, bool by_flag, Make make) {
  try {
    return make();
  } catch (const std::system_error& error) {
    throw CannotServe{by_flag ? fmt::format("{} (in place of {}): {}", flag, key, error.what())
                              : fmt::format("{}: {}", key, error.what())};
  }
}

/// All calls of a circuit together, since the start.
[[nodiscard]] Duration calls_took(const CallDurations& durations, const std::string& circuit) {
  const auto seen = durations.find(circuit);
  return seen == nullptr ? Duration{} : seen->success.snapshot().sum + seen->failure.snapshot().sum;
}

/// Beside the history, in its file. Gives up a write after ten seconds, so that a disk that hangs holds up an
/// alert no longer than that; the alert is told then, though it is not kept yet.
[[nodiscard]] std::unique_ptr<alert::OutboxStore> outbox_in(history::History& history) {
  return std::make_unique<alert::SqliteOutbox>([&history](alert::SqliteOutbox::Job job) {
    std::future<void> kept = history.run(std::move(job));
    if (kept.wait_for(std::chrono::seconds{10}) != std::future_status::ready)
      throw std::runtime_error{"the history does not answer: most likely the disk hangs"};
    kept.get();
  });
}

/// Of those who keep something beside the history.
[[nodiscard]] std::vector<std::string> further_tables() {
  std::vector<std::string> tables = alert::SqliteOutbox::tables();
  for (std::string& each : experiment::StopRecord::tables()) tables.push_back(std::move(each));
  return tables;
}

/// With as many connections as the limit of open files has room for.
[[nodiscard]] admin::ServerOptions admin_options(const config::GatewayOptions& gateway) {
  admin::ServerOptions options;
  options.host = gateway.admin.host;
  options.port = gateway.admin.port;
  options.tls = gateway.admin_tls;
  options.token = gateway.admin_token;
  options.read_token = gateway.admin_read_token;
  options.origins = gateway.admin_origins;
  admin::ServerLimits& limits = options.limits;
  limits.connections = std::min(limits.connections,
                                gateway::admin_connections(gateway::limit_of_open_files(), gateway.threads));
  limits.events_clients = std::min(limits.events_clients, limits.connections / 2);
  return options;
}

/// Nothing when the history does not answer: a report is then made of what is in memory.
[[nodiscard]] std::optional<CircuitHistory> kept_past(history::History& history, const std::string& circuit,
                                                      WallAnchor::Wall from, WallAnchor::Wall to) {
  try {
    return history.read(circuit, from, to);
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

[[nodiscard]] boost::json::array listeners_json(const std::vector<std::string>& addresses) {
  boost::json::array all;
  for (const std::string& each : addresses) all.emplace_back(each);
  return all;
}

/// Null if the file names no collector.
[[nodiscard]] std::unique_ptr<otlp::Exporter> exporter_of(const config::Config& config, spdlog::logger& log) {
  const otlp::OtlpOptions& options = config.own.get<otlp::TelemetryOptions>().otlp;
  return options.endpoint.empty() ? nullptr : std::make_unique<otlp::Exporter>(options, log);
}

[[nodiscard]] std::shared_ptr<telemetry::SpanQueue> spans_of(const otlp::Exporter* exporter) {
  return exporter == nullptr ? nullptr : exporter->spans();
}

}  // namespace

Server::Server(const ServeFlags& flags, config::Config config, const config::OwnSections& sections,
               const Process& process, Inherited inherited)
    : admin_address_(config.gateway.admin),
      probes_address_(config.gateway.probes),
      admin_encrypted_(config.gateway.admin_tls.has_value()),
      takeover_at_(config.gateway.takeover),
      successor_(std::move(inherited.from)),
      log_(process.log),
      log_sink_(process.sink),
      signals_(process.signals),
      policies_({std::chrono::steady_clock::now(), std::chrono::system_clock::now()}, std::random_device{}()),
      exporter_(exporter_of(config, log_)),
      gateway_(listening("gateway.listen", "--listen", flags.listen.has_value(),
                         [&] {
                           return std::make_shared<gateway::Gateway>(
                               config, policies_, durations_, log_,
                               tracing_of(config, spans_of(exporter_.get())), events_,
                               std::move(inherited.listeners));
                         })),
      history_(config.own.get<history::HistoryOptions>(),
               {policies_, durations_, [this] { return gateway_->failures(); }}, events_, further_tables(),
               log_, successor_ ? history::Opening::when_told : history::Opening::at_once),
      alerts_(config.own.get<alert::AlertOptions>(),
              {registry_, events_, log_,
               [this](const std::string& circuit) {
                 return circuit_labels(circuit,
                                       [this](const std::string& name) { return gateway_->serves(name); });
               },
               [this](const std::string& circuit) { return calls_took(durations_, circuit); }},
              outbox_in(history_)),
      access_log_(*gateway_, log_),
      config_(flags, sections, config, *gateway_, access_log_, log_, spans_of(exporter_.get()),
              [this](const config::Config& next) {
                return [this, next, use = alerts_.prepare(next.own.get<alert::AlertOptions>())] {
                  use();
                  checks_.apply(next);
                  fleet_.apply(next.own.get<fleet::FleetSettings>());
                  shadows_.apply(next, std::chrono::steady_clock::now());
                  use_admin_tls(next.gateway.admin_tls);
                };
              }),
      figures_(registry_, seen_circuits()),
      admin_(listening("gateway.admin", "--admin", flags.admin.has_value(),
                       [&]() -> std::unique_ptr<admin::Server> {
                         if (!config.gateway.has_admin) return nullptr;
                         admin::ServerOptions options = admin_options(config.gateway);
                         options.listening_socket = inherited.admin.release();
                         return std::make_unique<admin::Server>(registry_, options, program());
                       })),
      probes_(make_probes(std::move(inherited.probes))),
      successor_command_(process.program.empty() ? std::vector<std::string>{}
                                                 : successor_command(process.program, flags)) {
  try {
    access_log_.use(access_log_.prepare(config.own.get<LogOptions>().access));
  } catch (const std::system_error& error) {
    throw CannotServe{fmt::format("log.access.file: {}", error.what())};
  }
  registry_.events().subscribe(transitions_);
  registry_.events().subscribe(events_);
  checks_.apply(config);
  fleet_.apply(config.own.get<fleet::FleetSettings>());
  shadows_.apply(config, std::chrono::steady_clock::now());
  gateway_->on_instances_changed([this] { boost::asio::post(main_, [this] { checks_.follow(); }); });
  if (!successor_) await_successor({});
  if (flags.watch) {
    file_changes_.emplace(flags.config, [this] { boost::asio::post(main_, [this] { on_file_changed(); }); });
  }
}

/// On a thread of its own: an orchestrator is answered whatever the admin server's clients ask for.
std::unique_ptr<admin::Server> Server::make_probes(http::Descriptor inherited) {
  if (!probes_address_) return nullptr;
  admin::ServerOptions options;
  options.serves = admin::Serves::probes;
  options.host = probes_address_->host;
  options.port = probes_address_->port;
  options.limits.connections = most_probes;
  options.limits.events_interval = std::chrono::hours{1};  // it has no event stream
  options.listening_socket = inherited.release();
  admin::Program program;
  program.ready = [this] { return ready_.load(); };
  program.transitions = transitions_;
  program.events = std::make_shared<EventQueue>();  // of which it tells nothing
  return listening("gateway.admin.probes", "", false,
                   [&] { return std::make_unique<admin::Server>(registry_, options, std::move(program)); });
}

Server::~Server() { signals_.forget(); }

void Server::tell_instance(const service_health::Target& target, service_health::Alone alone,
                           const health::Judged& judged) const {
  using Health = instances::Ejection::Health;
  if (alone == service_health::Alone::yes) return;
  const std::string at = config::text_of({target.address.host, target.address.port});
  if (judged.after == health::Status::healthy && judged.result.good())
    gateway_->on_health(target.service, at, Health::good);
  if (judged.after == health::Status::unhealthy && judged.changed())
    gateway_->on_health(target.service, at, Health::bad);
}

void Server::tell_instance(const service_health::Target& target, service_health::Alone alone,
                           health::Status status) const {
  using Health = instances::Ejection::Health;
  const bool bad = alone == service_health::Alone::no && status == health::Status::unhealthy;
  gateway_->on_health(target.service, config::text_of({target.address.host, target.address.port}),
                      bad ? Health::bad : Health::unknown);
}

void Server::tell_shadows(const service_health::Target& target, service_health::Alone alone,
                          const health::Judged& judged) const {
  if (alone == service_health::Alone::no) return;
  shadows_.on_check(target.service, judged.result.good() ? CheckAnswer::good : CheckAnswer::bad,
                    target.options.watch.rows, judged.at);
}

std::vector<service_health::Place> Server::places_of(const config::Service& service) const {
  std::vector<service_health::Place> places;
  for (gateway::KnownInstance& each : gateway_->instances_of(service))
    places.push_back({std::move(each.upstream), std::move(each.written)});
  return places;
}

/// The part of program() that reports and figures are made from.
admin::Program Server::seen_circuits() {
  admin::Program program;
  program.history = [this](const std::string& circuit, WallAnchor::Wall from, WallAnchor::Wall to) {
    return kept_past(history_, circuit, from, to);
  };
  program.surroundings = [this] {
    auto all = gateway_->surroundings();
    fleet_.describe(all);
    return all;
  };
  program.durations = &durations_;
  program.transitions = transitions_;
  return program;
}

admin::Program Server::program() {
  admin::Program program = seen_circuits();
  program.ready = [this] { return ready_.load(); };
  program.reload = [this] { return reload(); };
  program.policies = [this] { return config_.policies(); };
  program.services = [this] { return gateway_->status(); };
  program.metrics = [this](telemetry::MetricFamilies& to) { add_metrics(to); };
  program.status = [this] {
    return boost::json::object{
        {"listeners", listeners_json(gateway_->addresses())},
        {"reload", config_.record().json()},
        {"history", history::history_json(history_.standing())},
        {"health_checks", service_health::health_checks(checks_.all(), registry_.anchor())}};
  };
  program.alerts = [this] { return alert::open_alerts(*alerts_.status()); };
  program.resources = alert::alert_resources(alerts_);
  for (admin::AddedResource& each : fleet::fleet_resources(fleet_))
    program.resources.push_back(std::move(each));
  for (admin::AddedResource& each : value_resources(*gateway_, registry_.anchor()))
    program.resources.push_back(std::move(each));
  for (admin::AddedResource& each : recording::recording_resources(
           recordings_, registry_.anchor(), [] { return std::chrono::steady_clock::now(); }))
    program.resources.push_back(std::move(each));
  program.resources.push_back(experiment::experiment_resource(
      shadows_, splits_, registry_.anchor(), [] { return std::chrono::steady_clock::now(); }));
  for (admin::AddedResource& each : experiment::split_resources(
           splits_,
           {[this](const std::string& service) { return gateway_->restart_split(service); },
            [this](const experiment::SplitSubject& subject) { return config_.promotion(subject); }},
           [] { return std::chrono::steady_clock::now(); }))
    program.resources.push_back(std::move(each));
  program.events = events_;
  program.resources.push_back(history::history_resource(
      history_, registry_.anchor(), [] { return WallAnchor::Wall{std::chrono::system_clock::now()}; }));
  return program;
}

void Server::add_metrics(telemetry::MetricFamilies& to) const {
  figures_.add_metrics(to);
  gateway_->add_metrics(to);
  history::add_history(to, history_.counts());
  alert::add_alerts(to, *alerts_.status());
  splits_.add_metrics(to);
  service_health::add_health_checks(to, checks_.all());
  fleet_.add_metrics(to);
  access_log_.add_metrics(to);
  config_.record().add_metrics(to);
  if (exporter_) exporter_->add_metrics(to);
  to.counter("switchgear_log_lines_lost_total",
             "Lines of the log that were dropped because stderr took nothing, or refused them.", {},
             log_sink_.lost());
}

/// As GET /metrics, without what the admin server counts of itself.
void Server::export_metrics(telemetry::MetricFamilies& to) const {
  telemetry::add_breakers(to, registry_, std::chrono::steady_clock::now(), {transitions_.get(), &durations_});
  add_metrics(to);
}

void Server::run() {
  splits_.hold();
  gateway_->start();
  if (successor_) finish_takeover();
  remember_stopped_splits();
  alerts_.start();
  if (admin_) admin_->start();
  if (probes_) probes_->start();
  if (exporter_) exporter_->start([this](telemetry::MetricFamilies& to) { export_metrics(to); });
  ready_ = true;
  signals_.listen([this](int signal) { boost::asio::post(main_, [this, signal] { on_signal(signal); }); });
  say_serving();
  manager_.ready(serving());
  look_every_second();
  look_at_splits();
  const auto until_drained = boost::asio::make_work_guard(main_);
  main_.run();
  close();
}

void Server::use_admin_tls(const std::optional<tls::ServerContext>& tls) {
  admin_encrypted_ = tls.has_value();
  if (admin_) admin_->use_tls(tls);
}

/// If the access log goes to standard output, its readers expect nothing but entries there: then this is a
/// line of the program's log.
void Server::say_serving() const {
  if (access_log_.on_standard_output()) return log_.info("{}", serving());
  std::printf("switchgear %s\n", serving().c_str());
  if (std::fflush(stdout) == 0) return;
  std::clearerr(stdout);  // a server does not fail for the loss of a line
  log_.warn("standard output cannot be written; this is its line: {}", serving());
}

std::string Server::serving() const {
  std::string text = fmt::format("serves {}", fmt::join(gateway_->addresses(), ", "));
  if (admin_) {
    text += fmt::format("  admin {}://{}/dashboard", admin_encrypted_ ? "https" : "http",
                        config::text_of({admin_address_.host, admin_->port()}));
  }
  if (probes_)
    text += fmt::format("  probes http://{}", config::text_of({probes_address_->host, probes_->port()}));
  return text;
}

/// Each of these, and the history after them, waits for something that may hang: a collector, a disk.
void Server::close() {
  signals_.end_within(time_to_close);
  predecessor_.reset();
  if (admin_) admin_->stop();
  if (probes_) probes_->stop();
  if (exporter_) exporter_->stop(drain_.hurried() ? Duration::zero() : time_to_export);
  access_log_.close();
  event_log_.write();
}

admin::ReloadResult Server::reload() {
  if (!ready_) return config_.reload();  // a manager that was told of the end waits for nothing else
  manager_.reloading();
  admin::ReloadResult result = config_.reload();
  manager_.ready(result.ok ? serving() : serving() + "; the last reload was refused, see the log");
  return result;
}

void Server::on_signal(int signal) {
  if (signal == SIGHUP) {
    reload();
  } else if (signal == SIGUSR1) {
    access_log_.reopen();
  } else if (signal == SIGUSR2) {
    start_successor();
  } else if (ready_.exchange(false)) {
    begin_end();
  } else {
    if (!drain_.begun()) begin_drain();
    drain_.hurry();
  }
}

/// GET /readyz tells a load balancer to stop sending requests before connections are refused.
void Server::begin_end() {
  const Duration delay = config_.shutdown_delay();
  if (delay == Duration::zero()) return begin_drain();
  manager_.stopping("requests are taken until load balancers have noticed", delay + time_to_close);
  log_.info("ending: GET /readyz answers 503; requests are taken for another {:.6g} s", to_seconds(delay));
  shutdown_delay_.expires_after(delay);
  shutdown_delay_.async_wait([this](const boost::system::error_code& error) {
    if (!error) begin_drain();
  });
}

void Server::begin_drain() {
  shutdown_delay_.cancel();
  finish_requests(Telling::manager);
}

void Server::finish_requests(const Telling telling) {
  second_.cancel();
  block_.cancel();
  const Duration at_most = config_.close();
  if (telling == Telling::manager)
    manager_.stopping("requests under way are finished", at_most + time_to_close);
  drain_.begin(at_most, [this] { boost::asio::post(main_, [this] { main_.stop(); }); });
}

/// A signal or an operator may have had it read already.
void Server::on_file_changed() {
  if (ready_ && config_.file_changed()) reload();
}

void Server::remember_stopped_splits() {
  if (history_.standing().file.empty()) {
    for (const auto& [service, split] : gateway_->splits())
      log_.warn(
          "service '{}': candidate '{}' gets its share, whether it was stopped before or not: without "
          "history.file that is not known",
          service, split->subject().options.candidate);
    return splits_.keep_nothing();
  }
  splits_.keep(
      std::make_unique<experiment::StopRecord>(
          [this](history::Store::Job job) { return history_.run(std::move(job)); }),
      [this] { return history_.standing().problem.empty(); }, std::chrono::steady_clock::now());
}

void Server::look_at_splits() {
  const TimePoint now = std::chrono::steady_clock::now();
  splits_.advance(now);
  block_.expires_at(splits_.next_look(now));
  block_.async_wait([this](const boost::system::error_code& error) {
    if (!error && !drain_.begun()) look_at_splits();
  });
}

void Server::look_every_second() {
  second_.expires_after(a_second);
  second_.async_wait([this](const boost::system::error_code& error) {
    if (error || drain_.begun()) return;
    event_log_.look_at_clock();
    access_log_.look_at_clock(std::chrono::steady_clock::now());
    recordings_.look(std::chrono::steady_clock::now());
    shadows_.advance(std::chrono::steady_clock::now());
    fleet_.look();
    durations_.forget_unused(std::chrono::steady_clock::now());
    look_every_second();
  });
}

}  // namespace switchgear::serve
