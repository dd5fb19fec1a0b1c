// `switchgear replay --config FILE --policy NAME [TRACE] [--json] [--seed N]`: the decisions of a recorded
// trace; with `--service NAME` instead of `--policy`: those of a service, whose calls may have breakers by
// value; with `--compare A,B`: what whole pipelines come to, side by side.
#pragma once

#include <cstdint>
#include <istream>
#include <ostream>
#include <string>
#include <vector>

#include "switchgear/config/own_sections.hpp"

namespace CLI {
class App;
}

namespace switchgear::lab {

struct ReplayOptions {
  std::string config;
  std::string policy;                ///< to be replayed decision by decision; or else:
  std::string service;               ///< its policy and its breakers by value, likewise; or else:
  std::vector<std::string> compare;  ///< whole pipelines, side by side; with `service`: as its policies
  std::string trace = "-";           ///< `-`: standard input
  bool json = false;
  std::string svg;        ///< of a comparison: where its chart goes; empty: none is drawn
  std::string html;       ///< of a comparison: where a page with all of it goes; empty: none
  bool progress = false;  ///< shown on `err`
  std::uint64_t seed = 0;
  config::OwnSections sections{};  ///< of the program, beside those that every file may have
};

/// Returns the exit code: 0 done, 1 the configuration or the trace is wrong.
int run_replay(const ReplayOptions& options, std::istream& standard_input, std::ostream& out,
               std::ostream& err);

/// Adds the subcommand; once parsed, it runs and leaves its exit code in `exit_code`.
/// `sections`: of the program.
void add_replay_command(CLI::App& app, int& exit_code, const config::OwnSections& sections);

}  // namespace switchgear::lab
