// `switchgear serve`: the gateway, its admin server and its configuration file, as one process. Beside
// main.cpp the only place where rooms of app/ meet.
#pragma once

#include <CLI/App.hpp>

namespace switchgear {

/// Adds the subcommand; it sets `exit_code` when it has run.
void add_serve_command(CLI::App& app, int& exit_code);

}  // namespace switchgear
