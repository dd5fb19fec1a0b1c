// The commands of the binary that ask a running gateway about the past of one circuit.
#pragma once

namespace CLI {
class App;
}

namespace switchgear::control {

/// Adds `report NAME [--since 24h] [--html FILE]` and `explain NAME [--since 24h]`, each with `--admin URL`,
/// `--token` and `--json`. The command that is parsed runs at once and sets `exit_code`: 0 done, 1 the
/// breaker does not exist, the server refused or the file cannot be written, 2 the URL is not valid, 3 the
/// server was not reached.
void add_report_commands(CLI::App& app, int& exit_code);

}  // namespace switchgear::control
