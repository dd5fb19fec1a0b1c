// `switchgear record`: a trace that `replay` reads, of a running gateway or (`--from-log`) of an access log.
#pragma once

#include <cstddef>
#include <functional>
#include <istream>
#include <ostream>
#include <string>
#include <vector>

#include "app/lab/access_log_line.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace switchgear::lab {

struct RecordOptions {
  LogFormat format = LogFormat::nginx;
  std::string log = "-";  ///< `-`: standard input
  std::string service;    ///< only its calls; empty: those of all
  std::string out = "-";  ///< `-`: standard output
  std::size_t most_calls = 10'000'000;
};

/// Returns the exit code: 0 done, 1 the log is not one, or cannot be read, or its trace not written. What was
/// left out is told on `err`.
int run_record(const RecordOptions& options, std::istream& standard_input, std::ostream& standard_output,
               std::ostream& err);

/// How the calls of a running gateway are recorded, which is another room's business.
struct LiveRecorder {
  /// Returns those that a log does not have.
  std::function<std::vector<CLI::Option*>(CLI::App&)> add_options;
  /// Returns the exit code.
  std::function<int(const std::string& service, const std::string& out)> record;
};

/// Adds the subcommand; once parsed, it runs and leaves its exit code in `exit_code`.
void add_record_command(CLI::App& app, int& exit_code, LiveRecorder live);

}  // namespace switchgear::lab
