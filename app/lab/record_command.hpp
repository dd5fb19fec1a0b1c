// `switchgear record --from-log FORMAT FILE`: an access log as a trace that `replay` reads.
#pragma once

#include <cstddef>
#include <istream>
#include <ostream>
#include <string>

#include "app/lab/access_log_line.hpp"

namespace CLI {
class App;
}

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

/// Adds the subcommand; once parsed, it runs and leaves its exit code in `exit_code`.
void add_record_command(CLI::App& app, int& exit_code);

}  // namespace switchgear::lab
