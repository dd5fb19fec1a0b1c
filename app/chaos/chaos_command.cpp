#include "app/chaos/chaos_command.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "app/chaos/breaker_watch.hpp"
#include "app/chaos/report.hpp"
#include "app/chaos/run.hpp"
#include "app/chaos/scenario_file.hpp"
#include "app/lab/progress.hpp"
#include "app/shell/checks.hpp"
#include "app/shell/output_file.hpp"
#include "app/stage/stop_signal.hpp"
#include "app/stage/workplace.hpp"
#include "switchgear/config/address.hpp"
#include "switchgear/config/duration.hpp"
#include "switchgear/http/error.hpp"

namespace switchgear::chaos {
namespace {

constexpr int exit_wrong = 1;
constexpr int exit_usage = 2;
constexpr int exit_missing = 3;

struct ChaosOptions {
  std::string file;
  std::optional<std::uint64_t> seed;
  std::string report;
  bool json = false;
  bool allow_remote = false;
  control::AdminServer admin;
};

bool is_here(const std::string& url) {
  const auto parsed = config::parse_service_url(url);
  return parsed.value && config::is_loopback(parsed.value->upstream);
}

/// Load and faults stay on this machine unless the user says otherwise.
bool may_call(const Target& target, const ChaosOptions& options) {
  for (const std::string& url : {target.url, target.admin}) {
    if (url.empty() || options.allow_remote || is_here(url)) continue;
    std::cerr << options.file << ": target: " << url
              << " is on another machine; --allow-remote sends the load there all the same\n";
    return false;
  }
  return true;
}

/// Of a run as it goes: lines of what happens, and how far it is if someone watches.
class Screen {
 public:
  Screen(const Scenario& scenario, bool quiet)
      : scenario_(scenario),
        quiet_(quiet),
        progress_(std::cerr, lab::error_is_terminal(), "seconds",
                  static_cast<std::uint64_t>(to_seconds(scenario.load.duration))) {}

  [[nodiscard]] Listener listener() {
    return {[this](const std::string& url) {
              say(fmt::format("{}: seed {}, {} calls a second for {} to {}\n", scenario_.name, scenario_.seed,
                              scenario_.load.rate, config::format_duration(scenario_.load.duration), url));
            },
            [this](Duration at, const std::string& what) { say(event_line(at, what)); },
            [this](Duration now) { progress_.look(static_cast<std::uint64_t>(to_seconds(now))); }};
  }

  void end() { progress_.clear(); }

 private:
  void say(const std::string& text) {
    if (quiet_) return;
    progress_.clear();
    std::cout << text << std::flush;
  }

  const Scenario& scenario_;
  const bool quiet_;
  lab::Progress progress_;
};

int write_report(const ChaosOptions& options, const Report& report) {
  std::cout << (options.json ? to_json(report) : "\n" + to_text(report)) << std::flush;
  if (!options.report.empty()) {
    std::ofstream file(options.report, std::ios::binary);
    file << to_markdown(report) << std::flush;
    if (!file) {
      std::cerr << options.report << ": cannot be written\n";
      return exit_wrong;
    }
  }
  return report.holds() ? 0 : exit_wrong;
}

/// Said before a long run, not after it.
bool can_report(const ChaosOptions& options, const Scenario& scenario) {
  if (options.report.empty()) return true;
  const std::string policies =
      scenario.gateway.empty()
          ? ""
          : (std::filesystem::path(options.file).parent_path() / scenario.gateway).string();
  if (!shell::spares_inputs("--report", options.report,
                            {{"scenario", options.file}, {"policy file", policies}}, std::cerr))
    return false;
  if (std::ofstream(options.report, std::ios::app)) return true;
  std::cerr << options.report << ": cannot be written\n";
  return false;
}

int play(const ChaosOptions& options, const Scenario& scenario) {
  stage::StopSignal stop;
  Screen screen{scenario, options.json};
  const Run seen = run(scenario, options.admin, stop, screen.listener());
  screen.end();
  if (stop.reader_has_gone()) return stage::exit_without_reader;
  if (!seen.whole) {
    std::cerr << "switchgear chaos: stopped before the end; nothing was judged, and every process of the run "
                 "has ended\n";
    return exit_wrong;
  }
  return write_report(options, make_report(scenario, seen.seen));
}

int run_chaos(const ChaosOptions& options) {
  ReadScenario read = load_scenario(options.file);
  for (const config::Diagnostic& error : read.errors) std::cerr << error.text() << '\n';
  if (!read.scenario) return exit_wrong;
  Scenario scenario = std::move(*read.scenario);
  if (options.seed) scenario.seed = *options.seed;
  if (!may_call(scenario.target, options)) return exit_usage;
  if (!can_report(options, scenario)) return exit_wrong;
  try {
    return play(options, scenario);
  } catch (const WrongInput& wrong) {
    std::cerr << wrong.what() << '\n';
    return exit_wrong;
  } catch (const Unreachable& gone) {
    std::cerr << "switchgear chaos: " << gone.what() << '\n';
    return exit_missing;
  } catch (const stage::Broken& broken) {
    std::cerr << "switchgear chaos: " << broken.what() << '\n';
    return exit_missing;
  } catch (const std::invalid_argument& wrong) {
    std::cerr << "switchgear chaos: " << control::told(wrong) << '\n';
    return exit_usage;
  } catch (const http::Error& wrong) {
    std::cerr << "switchgear chaos: " << wrong.what() << '\n';
    return exit_wrong;
  }
}

}  // namespace

void add_chaos_command(CLI::App& app, int& exit_code) {
  CLI::App* chaos =
      app.add_subcommand("chaos", "Play faults on purpose, and judge what is expected of breakers");
  chaos->require_subcommand(1);
  const auto options = std::make_shared<ChaosOptions>();
  CLI::App* command =
      chaos->add_subcommand("run", "Play a scenario; exit 1 if one of its expectations does not hold");
  command->add_option("FILE", options->file, "The scenario")->required();
  command->add_option("--seed", options->seed, "In place of the file's: the same seed, the same faults")
      ->check(shell::whole_number());
  command->add_option("--report", options->report, "Write the course of the run into this file, as Markdown")
      ->type_name("FILE")
      ->check(shell::not_empty());
  command->add_flag("--json", options->json, "Print one JSON object");
  command->add_flag("--allow-remote", options->allow_remote, "Let the target be on another machine");
  control::add_admin_options(*command, options->admin);
  command->remove_option(command->get_option("--admin"));  // the scenario says where it is
  command->callback([options, &exit_code] { exit_code = run_chaos(*options); });
}

}  // namespace switchgear::chaos
