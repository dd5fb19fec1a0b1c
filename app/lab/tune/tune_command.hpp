// `switchgear tune --config FILE --policy NAME TRACE`: a better breaker for a recorded trace, if there is
// one.
#pragma once

#include <istream>
#include <ostream>
#include <string>

#include "app/lab/tune/tuner.hpp"
#include "switchgear/config/own_sections.hpp"

namespace CLI {
class App;
}

namespace switchgear::lab {

struct TuneOptions {
  std::string config;
  std::string policy;
  std::string trace = "-";  ///< `-`: standard input
  TuneSettings settings{};
  bool json = false;
  bool progress = false;  ///< shown on `err`
  config::OwnSections sections{};
};

/// Returns the exit code: 0 done, with or without a proposal; 1 the configuration or the trace is wrong.
int run_tune(const TuneOptions& options, std::istream& standard_input, std::ostream& out, std::ostream& err);

/// Adds the subcommand; once parsed, it runs and leaves its exit code in `exit_code`.
/// `sections`: of the program.
void add_tune_command(CLI::App& app, int& exit_code, const config::OwnSections& sections);

}  // namespace switchgear::lab
