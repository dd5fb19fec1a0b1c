// `switchgear serve`: what its command line says, and its exit code.
#pragma once

#include <CLI/App.hpp>

#include "switchgear/config/own_sections.hpp"

namespace switchgear::serve {

/// Adds the subcommand; it sets `exit_code` when it has run. `sections`: of the program.
void add_serve_command(CLI::App& app, int& exit_code, const config::OwnSections& sections);

}  // namespace switchgear::serve
