#include "app/serve_command.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>

#include "app/gateway/gateway.hpp"
#include "app/gateway/open_files.hpp"
#include "app/serve_log.hpp"
#include "switchgear/admin/server.hpp"
#include "switchgear/config/address.hpp"
#include "switchgear/config/config.hpp"
#include "switchgear/observe/call_durations.hpp"
#include "switchgear/observe/transition_log.hpp"
#include "switchgear/registry/breaker_registry.hpp"
#include "switchgear/registry/ticker.hpp"

namespace switchgear {

namespace {

constexpr int input_error = 1;
constexpr int missing_dependency = 3;
constexpr auto look_at_file_every = std::chrono::seconds{1};

struct ServeFlags {
  std::string config;
  std::optional<std::string> listen;
  std::optional<std::string> admin;
};

[[nodiscard]] std::string url_of(const config::Endpoint& endpoint, std::uint16_t port) {
  return "http://" + config::text_of({endpoint.host, port});
}

/// The flags override the file. Usage error: the flag, and what is wrong with it. An empty one is an error
/// too: it is most likely a variable that is not set, and the file's address is not what was meant.
[[nodiscard]] std::optional<std::string> put_flags_before(config::Config& config, const ServeFlags& flags) {
  for (const auto& [flag, text, place] : {std::tuple{"--listen", &flags.listen, &config.gateway.listen},
                                          std::tuple{"--admin", &flags.admin, &config.gateway.admin}}) {
    if (!*text) continue;
    if ((*text)->empty())
      return fmt::format("{}: is empty; expected HOST:PORT, as in \"127.0.0.1:8080\"", flag);
    const config::Parsed<config::Endpoint> endpoint = config::parse_listen(**text);
    if (!endpoint.value) return fmt::format("{}: {}", flag, endpoint.problem);
    *place = *endpoint.value;
  }
  return std::nullopt;
}

/// A file's metadata: enough to see that an editor or a deployment has replaced or rewritten it.
class FileStamp {
 public:
  explicit FileStamp(const std::string& path) {
    struct stat found {};
    if (::stat(path.c_str(), &found) == 0)
      stamp_ = {found.st_mtim.tv_sec, found.st_mtim.tv_nsec, found.st_size, found.st_ino};
  }
  friend bool operator==(const FileStamp&, const FileStamp&) = default;

 private:
  std::tuple<time_t, long, off_t, ino_t> stamp_{};
};

/// An address that the process could not listen on; says which, and where it comes from.
class CannotListen final : public std::runtime_error {
  using runtime_error::runtime_error;
};

/// Makes what listens. `key`: of the policy file; `flag`: the one that was given in its place, or null.
template <class Make>
[[nodiscard]] auto listening(const char* key, const char* flag, Make make) {
  try {
    return make();
  } catch (const std::system_error& error) {
    const std::string from =
        flag != nullptr ? fmt::format("{} (in place of {})", flag, key) : std::string{key};
    throw CannotListen{fmt::format("{}: {}", from, error.what())};
  }
}

/// As many connections as the limit of open files has room for.
[[nodiscard]] admin::ServerLimits admin_limits(std::size_t threads) {
  admin::ServerLimits limits;
  limits.connections =
      std::min(limits.connections, gateway::admin_connections(gateway::limit_of_open_files(), threads));
  limits.events_clients = std::min(limits.events_clients, limits.connections / 2);
  return limits;
}

class Server {
 public:
  Server(ServeFlags flags, config::Config config, spdlog::logger& log)
      : flags_(std::move(flags)),
        log_(log),
        config_(std::move(config)),
        stamp_(flags_.config),
        registry_({std::chrono::steady_clock::now(), std::chrono::system_clock::now()},
                  std::random_device{}()),
        transitions_(std::make_shared<TransitionLog>()),
        breaker_log_(std::make_shared<BreakerLog>(log)),
        admin_log_(log) {
    registry_.events().subscribe(transitions_);
    registry_.events().subscribe(breaker_log_);
    gateway_ = listening("gateway.listen", flags_.listen ? "--listen" : nullptr, [&] {
      return std::make_shared<gateway::Gateway>(config_, registry_, durations_, log_);
    });
    admin_ = listening("gateway.admin", flags_.admin ? "--admin" : nullptr, [&] {
      return std::make_unique<admin::Server>(registry_, admin_options(), admin_program());
    });
  }

  int run() {
    signals_.add(SIGHUP);
    // Made before the admin server starts: from then on a reload may replace config_ at any moment.
    const std::string serves = url_of(config_.gateway.listen, gateway_->port());
    const config::Endpoint admin_address = config_.gateway.admin;
    gateway_->start();
    admin_->start();
    ready_ = true;
    std::printf("switchgear serves %s  admin %s/dashboard\n", serves.c_str(),
                url_of(admin_address, admin_->port()).c_str());
    std::fflush(stdout);
    wait_for_signal();
    look_at_file();
    main_.run();
    if (drainer_.joinable()) drainer_.join();
    admin_->stop();
    return 0;
  }

 private:
  [[nodiscard]] admin::ServerOptions admin_options() const {
    admin::ServerOptions options;
    options.host = config_.gateway.admin.host;
    options.port = config_.gateway.admin.port;
    options.token = config_.gateway.admin_token;
    options.origins = config_.gateway.admin_origins;
    options.limits = admin_limits(config_.gateway.threads);
    return options;
  }

  /// What the gateway adds to its breakers.
  [[nodiscard]] admin::Program admin_program() {
    admin::Program program;
    program.ready = [this] { return ready_.load(); };
    program.reload = [this] { return reload(); };
    program.policies = [this] { return policies(); };
    program.services = [this] { return gateway_->status(); };
    program.metrics = [this](telemetry::MetricFamilies& to) { gateway_->add_metrics(to); };
    program.durations = &durations_;
    program.transitions = transitions_;
    program.audit = [this](const admin::CommandRecord& record) {
      admin_log_.command(record, std::chrono::steady_clock::now());
    };
    program.slow_client = [this](std::string_view client) {
      admin_log_.slow_client(client, std::chrono::steady_clock::now());
    };
    return program;
  }

  /// All or nothing: a file with an error changes nothing.
  admin::ReloadResult reload() {
    const std::lock_guard lock{reload_mutex_};
    stamp_ = FileStamp{flags_.config};
    config::Loaded loaded = config::load_file(flags_.config, config::FileKind::regular);
    admin::ReloadResult result;
    for (const config::Diagnostic& warning : loaded.warnings) result.messages.push_back(warning.text());
    if (!loaded.config) {
      for (const config::Diagnostic& error : loaded.errors) {
        log_.error("reload refused, nothing changed: {}", error.text());
        result.messages.push_back(error.text());
      }
      return result;
    }
    if (!ready_) {
      result.messages.emplace_back("the gateway is ending");
      return result;
    }
    config::Config next = *std::move(loaded.config);
    (void)put_flags_before(next, flags_);  // they were good when it started
    if (next.gateway.listen != config_.gateway.listen || next.gateway.admin != config_.gateway.admin ||
        next.gateway.threads != config_.gateway.threads ||
        next.gateway.admin_token != config_.gateway.admin_token ||
        next.gateway.admin_origins != config_.gateway.admin_origins) {
      result.messages.emplace_back(
          "gateway.listen, gateway.admin, gateway.threads, gateway.token and gateway.origins take effect "
          "after a restart");
      log_.warn("reload: {}", result.messages.back());
    }
    const AppliedOptions applied = gateway_->apply(next);
    const auto say = [&result](const char* what, const std::vector<std::string>& names) {
      for (const std::string& name : names) result.messages.push_back(std::string{what} + " " + name);
    };
    say("added", applied.added);
    say("replaced", applied.replaced);
    say("removed", applied.removed);
    say("kept", applied.kept);
    config_ = std::move(next);
    result.ok = true;
    return result;
  }

  [[nodiscard]] std::map<std::string, std::string> policies() {
    const std::lock_guard lock{reload_mutex_};
    std::map<std::string, std::string> of;
    for (const auto& [name, service] : config_.services) of.emplace(name, service.policy);
    return of;
  }

  void wait_for_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      if (signal == SIGHUP) {
        reload();
      } else if (!drainer_.joinable()) {
        drain();
      } else {
        log_.warn("second signal: ending at once");
        gateway_->hurry();
      }
      wait_for_signal();
    });
  }

  void drain() {
    Duration at_most{};
    {
      // A reload in progress finishes first; no reload begins afterwards.
      const std::lock_guard lock{reload_mutex_};
      ready_ = false;
      at_most = config_.gateway.limits.drain_timeout;
    }
    log_.info("draining: requests under way are finished, new ones are not taken");
    file_timer_.cancel();
    drainer_ = std::thread{[this, at_most] {
      if (!gateway_->drain(at_most)) log_.warn("the time to drain is over; connections were cut off");
      boost::asio::post(main_, [this] { main_.stop(); });
    }};
  }

  void look_at_file() {
    file_timer_.expires_after(look_at_file_every);
    file_timer_.async_wait([this](const boost::system::error_code& error) {
      if (error || !ready_) return;
      bool changed = false;
      {
        const std::lock_guard lock{reload_mutex_};
        changed = FileStamp{flags_.config} != stamp_;
      }
      if (changed) reload();
      admin_log_.look_at_clock(std::chrono::steady_clock::now());
      look_at_file();
    });
  }

  ServeFlags flags_;
  spdlog::logger& log_;
  std::mutex reload_mutex_;  ///< guards config_, stamp_, and apply()
  config::Config config_;
  FileStamp stamp_;
  BreakerRegistry registry_;
  std::shared_ptr<TransitionLog> transitions_;
  std::shared_ptr<BreakerLog> breaker_log_;
  AdminLog admin_log_;
  const Ticker ticker_{registry_, [] { return std::chrono::steady_clock::now(); }};
  CallDurations durations_;
  std::shared_ptr<gateway::Gateway> gateway_;
  std::unique_ptr<admin::Server> admin_;
  boost::asio::io_context main_;
  boost::asio::signal_set signals_{main_, SIGTERM, SIGINT};
  boost::asio::steady_timer file_timer_{main_};
  std::atomic<bool> ready_{false};
  std::thread drainer_;
};

int serve(const ServeFlags& flags) {
  const auto log = spdlog::stderr_logger_mt("switchgear");
  log->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  config::Loaded loaded = config::load_file(flags.config);
  for (const config::Diagnostic& warning : loaded.warnings) log->warn("{}", warning.text());
  for (const config::Diagnostic& error : loaded.errors) std::fprintf(stderr, "%s\n", error.text().c_str());
  if (!loaded.config) return input_error;
  config::Config config = *std::move(loaded.config);
  if (const auto wrong = put_flags_before(config, flags)) {
    std::fprintf(stderr, "switchgear: %s\n", wrong->c_str());
    return 2;
  }
  // The file's own warnings have been logged already.
  if (flags.admin && config.gateway.admin_token.empty() && !config::is_loopback(config.gateway.admin))
    log->warn("--admin {}: {}", *flags.admin, config::open_admin_problem);
  gateway::raise_limit_of_open_files();
  try {
    Server server{flags, std::move(config), *log};
    return server.run();
  } catch (const CannotListen& error) {
    std::fprintf(stderr, "switchgear: %s\n", error.what());
    return missing_dependency;
  } catch (const gateway::TooFewOpenFiles& error) {
    std::fprintf(stderr, "switchgear: %s\n", error.what());
    return missing_dependency;
  }
}

}  // namespace

void add_serve_command(CLI::App& app, int& exit_code) {
  const auto flags = std::make_shared<ServeFlags>();
  CLI::App* command =
      app.add_subcommand("serve", "Run the gateway: forward HTTP to services, each behind its breaker");
  command->add_option("--config", flags->config, "The policy file; read again on SIGHUP and when it changes")
      ->required();
  command->add_option("--listen", flags->listen,
                      "HOST:PORT to serve on, instead of the file's; port 0: the system chooses");
  command->add_option("--admin", flags->admin, "HOST:PORT of the admin server, instead of the file's");
  command->callback([flags, &exit_code] { exit_code = serve(*flags); });
}

}  // namespace switchgear
