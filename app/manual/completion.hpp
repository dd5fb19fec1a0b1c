// Completion of the command line in shells.
#pragma once

#include <string>

#include "app/manual/command_line.hpp"

namespace switchgear::manual {

/// Scripts that complete commands, options, and the values that an option or an operand can have: given
/// choices, or files. `version`, "switchgear 0.1.0", stands in a comment. Each needs nothing but its shell.

/// To be sourced, or to be a file `switchgear` of bash-completion.
[[nodiscard]] std::string bash_completion(const Command& top, const std::string& version);

/// To be a file `_switchgear` in a folder of $fpath, or to be sourced after compinit.
[[nodiscard]] std::string zsh_completion(const Command& top, const std::string& version);

/// To be sourced, or to be a file `switchgear.fish` in a folder of $fish_complete_path.
[[nodiscard]] std::string fish_completion(const Command& top, const std::string& version);

}  // namespace switchgear::manual
