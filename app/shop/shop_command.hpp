// `switchgear shop`: the checkout service with everything behind it. And, hidden, `switchgear shop-service`:
// its process.
#pragma once

#include <CLI/App.hpp>

namespace switchgear::shop {

/// Adds both subcommands; each sets `exit_code` when it has run.
void add_shop_command(CLI::App& app, int& exit_code);

}  // namespace switchgear::shop
