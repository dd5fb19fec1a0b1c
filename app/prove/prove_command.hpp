// `switchgear prove --config FILE [--policy NAME]`: what can and what can never happen under each policy,
// with traces that show it.
#pragma once

#include <optional>
#include <ostream>
#include <string>

#include "switchgear/config/own_sections.hpp"

namespace CLI {
class App;
}

namespace switchgear::prove {

struct ProveOptions {
  std::string config;
  std::string policy;            ///< empty: all of them
  std::optional<double> rate{};  ///< calls a second, evenly; empty: any, in any pattern
  std::string traces;            ///< a directory, made if it is missing; empty: none are written
  bool json = false;
  config::OwnSections sections{};  ///< of the program, beside those that every file may have
};

/// Returns the exit code: 0 done, 1 something can never happen that should, or an input is wrong.
int run_prove(const ProveOptions& options, std::ostream& out, std::ostream& err);

/// Adds the subcommand; once parsed, it runs and leaves its exit code in `exit_code`.
/// `sections`: of the program.
void add_prove_command(CLI::App& app, int& exit_code, const config::OwnSections& sections);

}  // namespace switchgear::prove
