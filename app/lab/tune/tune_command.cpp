#include "app/lab/tune/tune_command.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <iostream>
#include <memory>
#include <utility>

#include "app/lab/input.hpp"
#include "app/lab/policy_choice.hpp"
#include "app/lab/trace_reader.hpp"
#include "app/lab/tune/tune_report.hpp"
#include "app/shell/checks.hpp"
#include "switchgear/analysis/breaker_outlook.hpp"
#include "switchgear/config/duration.hpp"

namespace switchgear::lab {

namespace {

int tune_stream(const TuneOptions& options, const config::Policy& policy, std::istream& input,
                const std::string& name, std::ostream& out, std::ostream& err) {
  Progress progress(err, options.progress, "read");
  try {
    Calls calls = read_calls(input, name, progress);
    cut_off_all(calls, analysis::attempt_limit(policy));
    const Tuning tuning = tune(*policy.circuit_breaker, calls, options.settings, progress);
    progress.clear();
    const TunedTrace trace{calls.size(), calls.back().at - calls.front().at, find_outages(calls).size()};
    if (options.json) {
      print_json(tuning, options.policy, trace, out);
    } else {
      print_text(tuning, options.policy, trace, out);
    }
  } catch (const TraceError& error) {
    progress.clear();
    err << error.what() << '\n';
    return 1;
  }
  return 0;
}

constexpr double highest = 1e9;

}  // namespace

int run_tune(const TuneOptions& options, std::istream& standard_input, std::ostream& out, std::ostream& err) {
  const std::optional<config::Config> config = load_policies(options.config, options.sections, err);
  if (!config) return 1;
  const config::Policy* const policy = find_breaker(*config, options.config, options.policy, "to tune", err);
  if (policy == nullptr) return 1;
  if (policy->circuit_breaker->levels) {
    err << options.config << ": policies." << options.policy
        << ".circuit_breaker.levels: the search has no levels, so what it proposes would not be what is in "
           "force at any of them; expected a breaker without levels (replay takes one with levels)\n";
    return 1;
  }
  if (options.trace == "-") return tune_stream(options, *policy, standard_input, "<stdin>", out, err);

  auto file = open_input(options.trace, err);
  return file ? tune_stream(options, *policy, *file, options.trace, out, err) : 1;
}

void add_tune_command(CLI::App& app, int& exit_code, const config::OwnSections& sections) {
  const auto options = std::make_shared<TuneOptions>();
  options->sections = sections;
  const auto budget = std::make_shared<std::string>("60s");
  TuneSettings& settings = options->settings;
  CLI::App* command = app.add_subcommand("tune", "Look for a better breaker on a recorded trace");
  command->add_option("--config", options->config, "The policy file")->type_name("FILE")->required();
  command->add_option("--policy", options->policy, "The policy whose breaker is in force today")
      ->required()
      ->check(shell::not_empty());
  command->add_option("TRACE", options->trace, "File of JSON lines; - or nothing: standard input")
      ->type_name("FILE");
  command->add_option("--budget", *budget, "How long it searches at most")
      ->type_name("DURATION")
      ->capture_default_str()
      ->check([](const std::string& text) { return config::parse_duration(text).problem; });
  command->add_option("--seed", settings.seed, "Seed of the search and of all jitter")
      ->check(shell::whole_number())
      ->capture_default_str();
  command->add_flag("--json", options->json, "Print JSON");
  const auto cost = [&](const char* name, double& value, const char* of) {
    command->add_option(name, value, of)
        ->check(shell::number(0, highest))
        ->capture_default_str()
        ->group("Costs");
  };
  cost("--cost-bad", settings.costs.bad_let_through, "Of a bad call that is let through");
  cost("--cost-good", settings.costs.good_refused, "Of a good call that is refused");
  cost("--cost-second", settings.costs.undetected_second,
       "Of a second of an outage before the breaker is open");
  cost("--cost-doubtful", settings.costs.doubtful_opening, "Of an opening in no outage");
  command
      ->add_option("--doubtful-per-day", settings.doubtful_per_day,
                   "So many openings in no outage a day at most")
      ->check(shell::number(0, highest))
      ->group("Costs");
  command->callback([options, budget, &exit_code] {
    std::ios::sync_with_stdio(false);
    std::cin.tie(nullptr);
    options->progress = error_is_terminal();
    options->settings.budget =
        std::chrono::floor<std::chrono::milliseconds>(*config::parse_duration(*budget).value);
    exit_code = run_tune(*options, std::cin, std::cout, std::cerr);
  });
}

}  // namespace switchgear::lab
