// app/top/: `switchgear top`, a dashboard in the terminal. screen.* is its state, draw.* turns that into
// cells, terminal.* is ncurses, session.* the network and the clock around them. Never here: what a breaker
// decides, and text of others that has not become printable.
//
// This header: the subcommand.
#pragma once

namespace CLI {
class App;
}

namespace switchgear::top {

/// Adds `top`, with `--admin URL` and `--token`. It runs when it is parsed and sets `exit_code`: 0 done, 2
/// standard output is not a terminal, or the URL or the token is not valid.
void add_top_command(CLI::App& app, int& exit_code);

}  // namespace switchgear::top
