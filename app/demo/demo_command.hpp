// `switchgear demo`: the main job on an embedded default, from one command. And, hidden, `switchgear
// demo-service`: one of the processes it starts.
#pragma once

#include <CLI/App.hpp>

namespace switchgear::demo {

/// Adds both subcommands; each sets `exit_code` when it has run.
void add_demo_command(CLI::App& app, int& exit_code);

}  // namespace switchgear::demo
