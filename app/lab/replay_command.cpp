#include "app/lab/replay_command.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "app/lab/json_report.hpp"
#include "app/lab/replay.hpp"
#include "app/lab/text_report.hpp"
#include "app/lab/trace_reader.hpp"
#include "switchgear/config/config.hpp"
#include "switchgear/config/suggest.hpp"

namespace switchgear::lab {

namespace {

/// The breaker's options, or nothing once `err` knows why.
std::optional<CircuitBreakerOptions> breaker_options(const ReplayOptions& options, std::ostream& err) {
  const config::Loaded loaded = config::load_file(options.config, config::FileKind::any, options.sections);
  for (const config::Diagnostic& error : loaded.errors) err << error.text() << '\n';
  if (!loaded.config) return std::nullopt;

  const auto& policies = loaded.config->policies;
  const auto found = policies.find(options.policy);
  if (found == policies.end()) {
    std::vector<std::string_view> names;
    names.reserve(policies.size());
    for (const auto& [name, policy] : policies) names.push_back(name);
    err << options.config << ": policy \"" << options.policy << "\" does not exist"
        << config::did_you_mean(options.policy, names) << '\n';
    return std::nullopt;
  }
  if (!found->second.circuit_breaker) {
    err << options.config << ": policy \"" << options.policy << "\" has no circuit_breaker to replay\n";
  }
  return found->second.circuit_breaker;
}

void play_all(TraceReader& reader, Replay& replay) {
  while (const auto entry = reader.next()) {
    if (const auto problem = replay.play(*entry))
      throw TraceError(reader.name(), entry->line, problem->message);
  }
  replay.finish();
}

int play_stream(const ReplayOptions& options, const CircuitBreakerOptions& breaker, std::istream& input,
                std::ostream& out, std::ostream& err) {
  const std::unique_ptr<ReplayReport> report =
      options.json ? std::unique_ptr<ReplayReport>(std::make_unique<JsonReport>(out))
                   : std::make_unique<TextReport>(out);
  TraceReader reader(input, options.trace == "-" ? "<stdin>" : options.trace);
  Replay replay(options.policy, breaker, options.seed, *report);
  try {
    play_all(reader, replay);
  } catch (const TraceError& error) {
    out.flush();
    err << error.what() << '\n';
    return 1;
  }
  out.flush();
  if (!out) {
    err << "switchgear replay: the output could not be written\n";
    return 1;
  }
  return 0;
}

}  // namespace

int run_replay(const ReplayOptions& options, std::istream& standard_input, std::ostream& out,
               std::ostream& err) {
  const auto breaker = breaker_options(options, err);
  if (!breaker) return 1;
  if (options.trace == "-") return play_stream(options, *breaker, standard_input, out, err);

  std::error_code ignored;
  std::ifstream file(options.trace, std::ios::binary);
  if (!file || std::filesystem::is_directory(options.trace, ignored)) {
    err << options.trace << ": cannot be read\n";
    return 1;
  }
  return play_stream(options, *breaker, file, out, err);
}

void add_replay_command(CLI::App& app, int& exit_code, const config::OwnSections& sections) {
  const auto options = std::make_shared<ReplayOptions>();
  options->sections = sections;
  CLI::App* command =
      app.add_subcommand("replay", "Show what a policy would have decided about a recorded trace");
  command->add_option("--config", options->config, "The policy file")->type_name("FILE")->required();
  command->add_option("--policy", options->policy, "The policy in it")->required();
  command->add_option("TRACE", options->trace, "File of JSON lines; - or nothing: standard input")
      ->type_name("FILE");
  command->add_flag("--json", options->json, "Print every decision as JSON lines");
  command->add_option("--seed", options->seed, "Seed of the openings' jitter")->capture_default_str();
  command->callback([options, &exit_code] {
    std::ios::sync_with_stdio(false);
    std::cin.tie(nullptr);
    exit_code = run_replay(*options, std::cin, std::cout, std::cerr);
  });
}

}  // namespace switchgear::lab
