// The binary `switchgear`: picks the subcommand, nothing else.
//
// A room of app/ brings its subcommands in one small header, as
//
//   void add_check(CLI::App& app, int& exit_code);      // app/check/check_command.hpp
//
// which adds `check` to `app`, keeps the options it parses in a shared_ptr, and sets a callback that runs the
// command and stores its exit code. To plug one in: include the header below, and add one line to the list in
// main().
//
// Exit codes: 0 done, 1 the input is wrong or the output could not be written, 2 usage, 3 a dependency is not
// there.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/alert/test_alerts.hpp"
#include "app/chaos/chaos_command.hpp"
#include "app/check/check_command.hpp"
#include "app/control/control_command.hpp"
#include "app/control/live_recording.hpp"
#include "app/control/report_command.hpp"
#include "app/demo/demo_command.hpp"
#include "app/interop/interop_command.hpp"
#include "app/lab/record_command.hpp"
#include "app/lab/replay_command.hpp"
#include "app/lab/tune/tune_command.hpp"
#include "app/manual/manual_command.hpp"
#include "app/prove/prove_command.hpp"
#include "app/serve/own_sections.hpp"
#include "app/serve/serve_command.hpp"
#include "app/shell/checks.hpp"
#include "app/shell/output.hpp"
#include "app/shop/shop_command.hpp"
#include "app/top/top_command.hpp"
#include "switchgear/config/duration.hpp"
#include "switchgear/config/own_sections.hpp"
#include "switchgear/config/report.hpp"
#include "switchgear/config/suggest.hpp"

namespace {

constexpr int usage_error = 2;
constexpr int missing_dependency = 3;

switchgear::check::Trial alerts_trial() {
  using switchgear::alert::Consent;
  using Trial = switchgear::check::Trial;
  return {"--test-alerts", "Send a test alert to each channel, after asking",
          [](const switchgear::config::Config& config, Trial::Consent consent, std::FILE* out) {
            return switchgear::alert::test_alerts(
                config.own.get<switchgear::alert::AlertOptions>(),
                consent == Trial::Consent::given ? Consent::given : Consent::asked, stdin, out);
          }};
}

/// Options of `record` for a running gateway.
switchgear::lab::LiveRecorder live_recorder() {
  const auto wanted = std::make_shared<switchgear::control::LiveRecording>();
  return {[wanted](CLI::App& command) {
            const char* const group = "Of a running gateway";
            CLI::Option* const length =
                command.add_option("--for", wanted->length, "How long to record, 24h at most")
                    ->type_name("DURATION")
                    ->check([](const std::string& text) {
                      const auto parsed = switchgear::config::parse_duration(text);
                      if (!parsed.value) return parsed.problem;
                      const bool fits = *parsed.value > std::chrono::seconds::zero() &&
                                        *parsed.value <= std::chrono::hours{24};
                      return fits ? std::string{} : "\"" + text + "\" is not a length above 0s, 24h at most";
                    })
                    ->capture_default_str()
                    ->group(group);
            CLI::Option* const sample =
                command.add_option("--sample", wanted->sample, "The share of the calls that is kept")
                    ->check(switchgear::shell::number(0, 1))
                    ->capture_default_str()
                    ->group(group);
            CLI::Option* const most =
                command.add_option("--most", wanted->most, "Calls at most; the recording then ends")
                    ->check(switchgear::shell::whole_number(1, 1'000'000))
                    ->capture_default_str()
                    ->group(group);
            switchgear::control::add_admin_options(command, wanted->server);
            return std::vector{length, sample, most};
          },
          [wanted](const std::string& service, const std::string& out) {
            wanted->service = service;
            wanted->out = out;
            return switchgear::control::record_live(*wanted);
          }};
}

/// What is wrong with the first words, up to an option or a command that has no others below it; CLI11 would
/// say that a subcommand is required. Empty: nothing.
std::string unknown_command(const CLI::App& app, int argc, char** argv) {
  const CLI::App* command = &app;
  const auto below = [&] { return command->get_subcommands([](const CLI::App*) { return true; }); };
  for (int i = 1; i < argc && !below().empty(); ++i) {
    const std::string_view word = argv[i];
    if (word.starts_with('-')) break;
    const auto all = below();
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const auto* each) { return each->check_name(std::string{word}); });
    if (found == all.end()) {
      std::vector<std::string> names;
      for (const CLI::App* each : all) names.push_back(each->get_name());
      const std::vector<std::string_view> candidates(names.begin(), names.end());
      return "there is no command " + switchgear::config::quoted(word) +
             switchgear::config::did_you_mean(word, candidates) + "; see --help";
    }
    command = *found;
  }
  return {};
}

int run(int argc, char** argv) {
  int exit_code = 0;
  CLI::App app{"Circuit breakers for anything that speaks HTTP", "switchgear"};
  app.set_version_flag("--version", "switchgear " SWITCHGEAR_VERSION);
  app.require_subcommand(1);

  const switchgear::config::OwnSections sections = switchgear::serve::own_sections();
  switchgear::control::add_control_commands(app, exit_code);
  switchgear::control::add_report_commands(app, exit_code);
  switchgear::top::add_top_command(app, exit_code);
  switchgear::check::add_check(app, exit_code, sections, alerts_trial());
  switchgear::chaos::add_chaos_command(app, exit_code);
  switchgear::demo::add_demo_command(app, exit_code);
  switchgear::lab::add_record_command(app, exit_code, live_recorder());
  switchgear::lab::add_replay_command(app, exit_code, sections);
  switchgear::lab::add_tune_command(app, exit_code, sections);
  switchgear::prove::add_prove_command(app, exit_code, sections);
  switchgear::interop::add_interop(app, exit_code, sections);
  switchgear::serve::add_serve_command(app, exit_code, sections);
  switchgear::shop::add_shop_command(app, exit_code);
  switchgear::manual::add_manual_commands(app, exit_code);

  if (const std::string problem = unknown_command(app, argc, argv); !problem.empty()) {
    std::fprintf(stderr, "switchgear: %s\n", problem.c_str());
    return usage_error;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : usage_error;  // --help and --version end here too
  }
  return exit_code;
}

/// Returns the exit code.
int run_guarded(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const boost::system::system_error& error) {  // its text would name a file of Boost's
    std::fprintf(stderr, "switchgear: %s\n", error.code().message().c_str());
    return missing_dependency;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "switchgear: %s\n", error.what());
    return 1;
  }
}

}  // namespace

int main(int argc, char** argv) {
  switchgear::shell::hold_standard_streams();
  return switchgear::shell::finish_output(run_guarded(argc, argv));
}
