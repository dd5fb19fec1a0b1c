// `switchgear serve`: what its command line says, and its exit code.
#pragma once

#include <CLI/App.hpp>

namespace switchgear::serve {

/// Adds the subcommand; it sets `exit_code` when it has run.
void add_serve_command(CLI::App& app, int& exit_code);

}  // namespace switchgear::serve
