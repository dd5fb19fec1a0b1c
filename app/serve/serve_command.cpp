#include "app/serve/serve_command.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <utility>

#include "app/gateway/open_files.hpp"
#include "app/serve/log_format.hpp"
#include "app/serve/serve_flags.hpp"
#include "app/serve/server.hpp"
#include "switchgear/config/address.hpp"
#include "switchgear/config/config.hpp"

namespace switchgear::serve {

namespace {

constexpr int input_error = 1;
constexpr int usage_error = 2;
constexpr int missing_dependency = 3;

int complain(int exit_code, const char* text) {
  std::fprintf(stderr, "switchgear: %s\n", text);
  return exit_code;
}

int run_server(const ServeFlags& flags, const config::OwnSections& sections) {
  const auto log = spdlog::stderr_logger_mt("switchgear");
  set_format(*log, LogFormat::text);
  config::Loaded loaded = config::load_file(flags.config, config::FileKind::any, sections);
  if (loaded.config) apply(loaded.config->own.get<LogOptions>(), *log);
  for (const config::Diagnostic& warning : loaded.warnings) log->warn("{}", warning.text());
  for (const config::Diagnostic& error : loaded.errors) std::fprintf(stderr, "%s\n", error.text().c_str());
  if (!loaded.config) return input_error;
  config::Config config = *std::move(loaded.config);
  if (const auto wrong = put_flags_before(config, flags)) return complain(usage_error, wrong->c_str());
  // The file's own warnings have been logged already.
  if (flags.admin && config.gateway.admin_token.empty() && !config::is_loopback(config.gateway.admin))
    log->warn("--admin {}: {}", *flags.admin, config::open_admin_problem);
  gateway::raise_limit_of_open_files();
  // A log that nobody reads any more, or that has reached a limit, is an error of write() and not the end.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    Server{flags, std::move(config), sections, *log}.run();
    return 0;
  } catch (const CannotServe& error) {
    return complain(missing_dependency, error.what());
  } catch (const gateway::TooFewOpenFiles& error) {
    return complain(missing_dependency, error.what());
  }
}

}  // namespace

void add_serve_command(CLI::App& app, int& exit_code, const config::OwnSections& sections) {
  const auto flags = std::make_shared<ServeFlags>();
  CLI::App* command =
      app.add_subcommand("serve", "Run the gateway: forward HTTP to services, each behind its breaker");
  command
      ->add_option(
          "--config", flags->config,
          "The policy file; read again on SIGHUP, on POST /reload, and when it changes; SIGUSR1 opens "
          "log.access.file anew")
      ->required();
  command->add_option("--listen", flags->listen,
                      "HOST:PORT to serve on, instead of the file's; port 0: the system chooses");
  command->add_option("--admin", flags->admin, "HOST:PORT of the admin server, instead of the file's");
  command->add_flag("--watch,!--no-watch", flags->watch,
                    "Read the policy file again when it changes; on unless --no-watch is given");
  command->callback([flags, sections, &exit_code] { exit_code = run_server(*flags, sections); });
}

}  // namespace switchgear::serve
