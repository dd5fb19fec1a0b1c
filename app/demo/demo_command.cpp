#include "app/demo/demo_command.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <optional>

#include "app/demo/demo_service.hpp"
#include "app/demo/load.hpp"
#include "app/demo/shop.hpp"
#include "app/demo/story.hpp"
#include "app/demo/teller.hpp"
#include "app/shell/checks.hpp"
#include "app/stage/stop_signal.hpp"
#include "switchgear/config/duration.hpp"
#include "switchgear/core/random.hpp"

namespace switchgear::demo {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds least_whole{8'000};     // below that, a step and its deadline cannot be told apart
constexpr milliseconds default_whole{24'000};  // one round, without --for
constexpr int exit_broken = 3;

struct DemoOptions {
  std::string length;  ///< empty: until Ctrl-C
  std::string fault;   ///< empty: errors when there is one round, else one after the other
  std::uint64_t seed = 1;
  std::uint16_t port = 0;
  std::uint16_t admin_port = 0;
};

std::string check_length(const std::string& text) {
  const config::ParsedDuration parsed = config::parse_duration(text);
  if (!parsed.value) return parsed.problem;
  if (*parsed.value < least_whole) return "the story needs at least " + config::format_duration(least_whole);
  return {};
}

/// The fault of a round; without a wish, every round has another.
Fault fault_of(const DemoOptions& options, std::size_t round) {
  constexpr std::array faults{FaultMode::errors, FaultMode::hang, FaultMode::refuse, FaultMode::latency,
                              FaultMode::reset};
  return {fault_mode(options.fault).value_or(faults[round % faults.size()])};
}

/// With a length: one round, which must hold. Without: rounds until the demo is stopped.
Ending tell(const DemoOptions& options, std::optional<milliseconds> length, stage::StopSignal& stop,
            Teller& teller) {
  const auto end = Clock::now() + length.value_or(milliseconds{0});
  const Pace pace{length.value_or(default_whole)};
  Shop shop{{options.seed, options.port, options.admin_port, pace.open_duration, pace.probe_interval}};
  teller.say("dashboard", shop.dashboard());
  teller.say("gateway",
             fmt::format("http://127.0.0.1:{}/payment/ (also /inventory/, /recommendation/); seed {}",
                         shop.gateway_port(), options.seed));
  Load load{shop.gateway_port(), options.seed};
  Story story{shop, load, teller, stop, pace};
  if (length) {
    const Ending ending = story.tell_round(fault_of(options, 0));
    if (ending == Ending::missed) teller.say("logs", shop.keep_logs().string());
    return ending == Ending::held ? story.linger(end) : ending;
  }
  for (std::size_t round = 0;; ++round) {
    if (story.tell_round(fault_of(options, round)) == Ending::stopped) return Ending::stopped;
  }
}

int run_demo(const DemoOptions& options) {
  std::optional<milliseconds> length;
  if (!options.length.empty()) {
    length = std::chrono::duration_cast<milliseconds>(*config::parse_duration(options.length).value);
  }
  try {
    stage::StopSignal stop;
    Teller teller{stdout};
    const Ending ending = tell(options, length, stop, teller);
    if (ending == Ending::held) teller.say("held", "every step of the story was observed");
    if (ending == Ending::missed) teller.say("missed", "the story did not hold");
    if (ending == Ending::stopped) teller.say("stopped", "every process of the demo has ended");
    // If a bounded demo is stopped before its end, it has not shown its story.
    return ending == Ending::held || (ending == Ending::stopped && !length) ? 0 : 1;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "switchgear demo: %s\n", problem.what());
    return exit_broken;
  }
}

CLI::Validator port() { return shell::whole_number(0, std::numeric_limits<std::uint16_t>::max()); }

}  // namespace

void add_demo_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<DemoOptions>();
  CLI::App* demo = app.add_subcommand("demo", "Watch a dependency fail and recover behind the gateway");
  demo->add_option("--for", options->length, "End after this time, e.g. 20s; exit 0 only if the story held")
      ->check(CLI::Validator(check_length, "DURATION"));
  demo->add_option("--fault", options->fault, "What goes wrong: errors, latency, hang, refuse or reset")
      ->check(CLI::IsMember({"errors", "latency", "hang", "refuse", "reset"}));
  demo->add_option("--seed", options->seed, "Seed of the callers' pauses")
      ->check(shell::whole_number())
      ->capture_default_str();
  demo->add_option("--port", options->port, "Port of the gateway; 0: the system chooses")
      ->check(port())
      ->capture_default_str();
  demo->add_option("--admin-port", options->admin_port, "Port of the dashboard; 0: the system chooses")
      ->check(port())
      ->capture_default_str();
  demo->callback([options, &exit_code] { exit_code = run_demo(*options); });

  auto service = std::make_shared<DemoServiceOptions>();
  CLI::App* one = app.add_subcommand("demo-service", "One service of the demo")->group("");
  one->add_option("--name", service->name)->capture_default_str();
  one->add_option("--port", service->port)->check(port())->capture_default_str();
  one->add_option("--control-port", service->control_port)->check(port())->capture_default_str();
  one->add_option("--seed", service->seed)->check(shell::whole_number())->capture_default_str();
  one->callback([service, &exit_code] { exit_code = run_demo_service(*service); });
}

}  // namespace switchgear::demo
