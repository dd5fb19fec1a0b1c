// `switchgear chaos run FILE`: a scenario of faults, played, and its expectations judged.
#pragma once

namespace CLI {
class App;
}

namespace switchgear::chaos {

/// Adds the subcommand; once parsed, it runs and leaves its exit code in `exit_code`: 0 all expectations
/// hold, 1 one does not, the run was stopped, or the input is wrong, 2 a target that the flags do not allow,
/// 3 the target is not there.
void add_chaos_command(CLI::App& app, int& exit_code);

}  // namespace switchgear::chaos
