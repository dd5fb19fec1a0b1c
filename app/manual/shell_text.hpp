// Words of a shell's script.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace switchgear::manual {

/// In apostrophes: nothing in it means anything to bash, zsh or a POSIX shell.
[[nodiscard]] std::string quoted(std::string_view text);

/// The words with a space between them.
[[nodiscard]] std::string spaced(const std::vector<std::string>& words);

}  // namespace switchgear::manual
