#include "app/lab/replay_command.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/lab/compare/chart.hpp"
#include "app/lab/compare/comparison.hpp"
#include "app/lab/compare/comparison_report.hpp"
#include "app/lab/input.hpp"
#include "app/lab/json_report.hpp"
#include "app/lab/policy_choice.hpp"
#include "app/lab/progress.hpp"
#include "app/lab/replay.hpp"
#include "app/lab/text_report.hpp"
#include "app/lab/trace_reader.hpp"
#include "app/shell/checks.hpp"
#include "app/shell/output_file.hpp"
#include "switchgear/analysis/breaker_outlook.hpp"
#include "switchgear/config/config.hpp"

namespace switchgear::lab {

namespace {

/// Nothing once `err` knows why.
std::optional<std::vector<config::Policy>> find_policies(const ReplayOptions& options,
                                                         const config::Config& config, std::ostream& err) {
  std::vector<config::Policy> found;
  for (const std::string& name : options.compare) {
    const config::Policy* const policy = find_policy(config, options.config, name, err);
    if (policy == nullptr) return std::nullopt;
    const auto same = [&](const config::Policy& each) { return each.name == name; };
    if (std::any_of(found.begin(), found.end(), same)) {
      err << "switchgear replay: --compare names \"" << name << "\" twice\n";
      return std::nullopt;
    }
    found.push_back(*policy);
  }
  return found;
}

/// The names in `list`, between commas.
std::vector<std::string> names_in(std::string_view list) {
  std::vector<std::string> names;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    names.emplace_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return names;
}

std::string check_names(const std::string& list) {
  const std::vector<std::string> names = names_in(list);
  const bool empty = std::any_of(names.begin(), names.end(), [](const auto& name) { return name.empty(); });
  return empty ? "\"" + list +
                     "\" has an empty name; expected names of policies with a comma between, as in a,b"
               : std::string{};
}

/// Nothing once `err` knows why.
std::optional<GuardOptions> find_guards(const ReplayOptions& options, const config::Config& config,
                                        std::ostream& err) {
  if (!options.service.empty()) return lab::find_guards(config, options.config, options.service, err);
  const config::Policy* const policy = find_breaker(config, options.config, options.policy, "to replay", err);
  if (policy == nullptr) return std::nullopt;
  return GuardOptions{options.policy, policy->circuit_breaker, std::nullopt,
                      analysis::attempt_limit(*policy)};
}

void play_all(TraceReader& reader, Replay& replay, Progress& progress) {
  while (const auto entry = reader.next()) {
    if (const auto problem = replay.play(*entry))
      throw TraceError(reader.name(), entry->line, problem->message);
    progress.step(entry->line);
  }
  if (replay.operations() == 0) throw TraceError(reader.name(), 1, "the trace has no calls");
  replay.finish();
}

int play_stream(const ReplayOptions& options, const GuardOptions& guards, std::istream& input,
                const std::string& name, std::ostream& out, std::ostream& err) {
  const std::unique_ptr<ReplayReport> report =
      options.json ? std::unique_ptr<ReplayReport>(std::make_unique<JsonReport>(out))
                   : std::make_unique<TextReport>(out);
  TraceReader reader(input, name);
  Replay replay(guards, options.seed, *report);
  Progress progress(err, options.progress && !options.json, "replayed");
  try {
    play_all(reader, replay, progress);
  } catch (const TraceError& error) {
    out.flush();
    progress.clear();
    err << error.what() << '\n';
    return 1;
  }
  return 0;
}

/// What is compared.
struct Compared {
  std::vector<config::Policy> policies;
  Setting setting;
};

/// Nothing once `err` knows why.
std::optional<Compared> find_compared(const ReplayOptions& options, const config::Config& config,
                                      std::ostream& err) {
  auto policies = find_policies(options, config, err);
  if (!policies) return std::nullopt;
  Compared compared{*std::move(policies), {}};
  if (options.service.empty()) return compared;
  const config::Service* const service = find_service(config, options.config, options.service, err);
  if (service == nullptr) return std::nullopt;
  compared.setting.timeout = config::gateway_timeout;
  if (service->by) compared.setting.values = {service->by->header, service->by->breaker, service->by->limits};
  return compared;
}

bool write_file(const std::string& path, const std::string& content, std::ostream& err) {
  std::ofstream file(path, std::ios::binary);
  file << content;
  file.close();
  if (!file) err << path << ": cannot be written\n";
  return static_cast<bool>(file);
}

int compare_stream(const ReplayOptions& options, const Compared& compared, std::istream& input,
                   const std::string& name, std::ostream& out, std::ostream& err) {
  Progress progress(err, options.progress, "read");
  try {
    const Calls calls = read_calls(input, name, progress);
    const Comparison comparison = compare(compared.policies, compared.setting, calls, options.seed, progress);
    progress.clear();
    if (options.json) {
      print_json(comparison, out);
    } else {
      print_text(comparison, out);
    }
    if (!options.svg.empty() && !write_file(options.svg, chart(comparison, calls), err)) return 1;
    if (!options.html.empty() && !write_file(options.html, comparison_html(comparison, calls), err)) return 1;
  } catch (const TraceError& error) {
    progress.clear();
    err << error.what() << '\n';
    return 1;
  }
  return 0;
}

}  // namespace

int run_replay(const ReplayOptions& options, std::istream& standard_input, std::ostream& out,
               std::ostream& err) {
  const auto spares_inputs = [&](std::string_view option, const std::string& path) {
    return path.empty() ||
           shell::spares_inputs(option, path, {{"policy file", options.config}, {"trace", options.trace}},
                                err);
  };
  if (!spares_inputs("--svg", options.svg) || !spares_inputs("--html", options.html)) return 1;
  // A comparison plays whole pipelines; a breaker alone decides whatever the rest of its policy is.
  const bool alone = options.compare.empty();
  const std::optional<config::Config> config = alone ? load_breakers(options.config, options.sections, err)
                                                     : load_policies(options.config, options.sections, err);
  if (!config) return 1;
  std::optional<Compared> compared;
  std::optional<GuardOptions> guards;
  if (alone) {
    guards = find_guards(options, *config, err);
    if (!guards) return 1;
  } else {
    compared = find_compared(options, *config, err);
    if (!compared) return 1;
  }
  const auto play = [&](std::istream& input, const std::string& name) {
    return guards ? play_stream(options, *guards, input, name, out, err)
                  : compare_stream(options, *compared, input, name, out, err);
  };
  if (options.trace == "-") return play(standard_input, "<stdin>");

  auto file = open_input(options.trace, err);
  return file ? play(*file, options.trace) : 1;
}

void add_replay_command(CLI::App& app, int& exit_code, const config::OwnSections& sections) {
  const auto options = std::make_shared<ReplayOptions>();
  options->sections = sections;
  const auto lists = std::make_shared<std::vector<std::string>>();
  CLI::App* command =
      app.add_subcommand("replay", "Show what a policy would have decided about a recorded trace");
  command->add_option("--config", options->config, "The policy file")->type_name("FILE")->required();
  CLI::Option* const policy =
      command->add_option("--policy", options->policy, "A policy in it: its breaker's decisions")
          ->type_name("NAME")
          ->check(shell::not_empty());
  CLI::Option* const compare =
      command->add_option("--compare", *lists, "Several, side by side: their whole pipelines")
          ->type_name("NAME,NAME")
          ->check(check_names)
          ->allow_extra_args(false)
          ->excludes(policy);
  CLI::Option* const service =
      command
          ->add_option(
              "--service", options->service,
              "A service in it: its policy's breaker, those of its routes and those of its values; with "
              "--compare: the policies as if they were its own")
          ->type_name("NAME")
          ->check(shell::not_empty())
          ->excludes(policy);
  command->add_option("TRACE", options->trace, "File of JSON lines; - or nothing: standard input")
      ->type_name("FILE");
  command->add_flag("--json", options->json, "Print JSON: every decision on a line, or the comparison");
  command->add_option("--svg", options->svg, "Of a comparison: draw it into this file")
      ->type_name("FILE")
      ->check(shell::not_empty())
      ->needs(compare);
  command->add_option("--html", options->html, "Of a comparison: a page with the table and the chart")
      ->type_name("FILE")
      ->check(shell::not_empty())
      ->needs(compare);
  command->add_option("--seed", options->seed, "Seed of all jitter")
      ->check(shell::whole_number())
      ->capture_default_str();
  command->callback([options, lists, policy, compare, service, &exit_code] {
    if (policy->count() + compare->count() + service->count() == 0)
      throw CLI::RequiredError("--policy, --service or --compare");
    for (const std::string& list : *lists) {
      const std::vector<std::string> names = names_in(list);
      options->compare.insert(options->compare.end(), names.begin(), names.end());
    }
    std::ios::sync_with_stdio(false);
    std::cin.tie(nullptr);
    options->progress = error_is_terminal();
    exit_code = run_replay(*options, std::cin, std::cout, std::cerr);
  });
}

}  // namespace switchgear::lab
