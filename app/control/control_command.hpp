// The commands of the binary that operate breakers of a running gateway: clients of its admin API.
#pragma once

namespace CLI {
class App;
}

namespace switchgear::control {

/// Adds `status [NAME]` and `reset`, `force-open`, `force-close`, `disable`, `metrics-only NAME`, each with
/// `--admin URL`, `--token` and `--json`. The command that is parsed runs at once and sets `exit_code`: 0
/// done, 1 the breaker does not exist or the server refused, 2 the URL is not valid, 3 the server was not
/// reached.
void add_control_commands(CLI::App& app, int& exit_code);

}  // namespace switchgear::control
