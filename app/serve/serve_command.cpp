#include "app/serve/serve_command.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "app/gateway/open_files.hpp"
#include "app/serve/background_sink.hpp"
#include "app/serve/log_format.hpp"
#include "app/serve/serve_flags.hpp"
#include "app/serve/server.hpp"
#include "app/serve/signals.hpp"
#include "switchgear/config/address.hpp"
#include "switchgear/config/config.hpp"

namespace switchgear::serve {

namespace {

constexpr int input_error = 1;
constexpr int usage_error = 2;
constexpr int missing_dependency = 3;
constexpr std::chrono::milliseconds time_for_last_line{300};

/// How the command ended. Exit code 0: as it was told to.
struct Ended {
  int exit_code = 0;
  std::string problem;  ///< for stderr; empty: none
};

[[nodiscard]] Ended complaint(int exit_code, std::string_view text) {
  return {exit_code, fmt::format("switchgear: {}\n", text)};
}

/// Once everything else hangs. The history survives this as it survives a crash.
[[noreturn]] void give_up(spdlog::logger& log, const BackgroundSink& sink) {
  log.error("ending now: the process hangs, most likely in a disk, and what it had yet to write is lost");
  (void)sink.wait_until_written(time_for_last_line);
  ::_exit(missing_dependency);
}

[[nodiscard]] Ended serve(const ServeFlags& flags, const config::OwnSections& sections,
                          const Process& process) {
  spdlog::logger& log = process.log;
  config::Loaded loaded = config::load_file(flags.config, config::FileKind::any, sections);
  if (loaded.config) apply(loaded.config->own.get<LogOptions>(), log);
  for (const config::Diagnostic& warning : loaded.warnings) log.warn("{}", warning.text());
  if (!loaded.config) {
    Ended ended{input_error, {}};
    for (const config::Diagnostic& error : loaded.errors) ended.problem.append(error.text()).append("\n");
    return ended;
  }
  config::Config config = *std::move(loaded.config);
  if (const auto wrong = put_flags_before(config, flags)) return complaint(usage_error, *wrong);
  // The file's own warnings have been logged already.
  if (flags.admin && !config.gateway.admin_guarded() && !config::is_loopback(config.gateway.admin))
    log.warn("--admin {}: {}", *flags.admin, config::open_admin_problem);
  if (flags.takeover && config.gateway.takeover.empty())
    return complaint(usage_error,
                     "--takeover: the policy file does not say where; it needs gateway.takeover");
  gateway::raise_limit_of_open_files();
  try {
    Inherited inherited;
    if (flags.takeover) inherited = inherit(config.gateway);
    if (flags.takeover && !inherited.from)
      log.info("takeover: no process listens at {}; this one starts by itself", config.gateway.takeover);
    Server{flags, std::move(config), sections, process, std::move(inherited)}.run();
    return {};
  } catch (const takeover::Refused& error) {
    return complaint(missing_dependency, fmt::format("--takeover: {}", error.what()));
  } catch (const CannotServe& error) {
    return complaint(missing_dependency, error.what());
  } catch (const gateway::TooFewOpenFiles& error) {
    return complaint(missing_dependency, error.what());
  }
}

/// Now, and not when it is needed: an upgrade puts another file in its place.
[[nodiscard]] std::string program_file() {
  std::error_code unknown;
  return std::filesystem::read_symlink("/proc/self/exe", unknown).string();
}

int run_server(const ServeFlags& flags, const config::OwnSections& sections) {
  // A log without a reader, or one that has reached a limit, is an error of write() and not the end.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  const auto sink = std::make_shared<BackgroundSink>(STDERR_FILENO);
  spdlog::logger log{"switchgear", sink};
  set_format(log, LogFormat::text);
  Signals signals{[&] { give_up(log, *sink); }};
  const Ended ended = serve(flags, sections, {log, *sink, signals, program_file()});
  // Behind what was logged, and only if stderr takes anything.
  if (sink->wait_until_written(BackgroundSink::patience)) std::fputs(ended.problem.c_str(), stderr);
  return ended.exit_code;
}

}  // namespace

void add_serve_command(CLI::App& app, int& exit_code, const config::OwnSections& sections) {
  const auto flags = std::make_shared<ServeFlags>();
  CLI::App* command =
      app.add_subcommand("serve", "Run the gateway: forward HTTP to services, each behind its breaker");
  auto* const file = command->add_option(
      "FILE", flags->config,
      "The policy file; read again on SIGHUP, on POST /reload, and when it changes; SIGUSR1 opens "
      "log.access.file anew, SIGUSR2 starts a process that takes over");
  auto* const named = command->add_option("--config", flags->config, "The same")->type_name("FILE");
  command->add_option("--listen", flags->listen,
                      "HOST:PORT or unix:PATH to serve on, instead of the file's addresses; port 0: the "
                      "system chooses");
  command->add_option("--admin", flags->admin, "HOST:PORT of the admin server, instead of the file's");
  command->add_flag("--watch,!--no-watch", flags->watch,
                    "Read the policy file again when it changes; on unless --no-watch is given");
  command->add_flag(
      "--takeover", flags->takeover,
      "Take the listeners over from the process that has them, which then ends as after SIGTERM; "
      "it is asked at gateway.takeover");
  command->callback([flags, file, named, sections, &exit_code] {
    if (file->count() != 0 && named->count() != 0)
      throw CLI::ValidationError("FILE and --config", "each names a policy file; give one of the two");
    if (file->count() + named->count() == 0) throw CLI::RequiredError("FILE");
    exit_code = run_server(*flags, sections);
  });
}

}  // namespace switchgear::serve
