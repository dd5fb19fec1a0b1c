// The subcommands `man` and `completion`.
#pragma once

namespace CLI {
class App;
}

namespace switchgear::manual {

/// Adds `man`, which prints a command's page or writes all of them into a folder, and `completion`, which
/// prints a script for a shell. They describe every command that `app` has when they run. `exit_code`: 0
/// done, 1 no such command, 3 a file cannot be written.
void add_manual_commands(CLI::App& app, int& exit_code);

}  // namespace switchgear::manual
