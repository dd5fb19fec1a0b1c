// Files that a command writes must not be those that it reads: to open one for writing empties it.
#pragma once

#include <initializer_list>
#include <ostream>
#include <string>
#include <string_view>

namespace switchgear::shell {

/// What a command reads.
struct InputFile {
  std::string_view what;  ///< to the user: `policy file`
  std::string path;       ///< `-`: standard input; empty: there is none
};

/// Whether `path`, given with the option `option`, is none of `inputs`, by any name of theirs. If not, `err`
/// knows it: `--svg: shop.yaml is the policy file itself; expected another file`. To be called before `path`
/// is opened. Terminals, pipes and /dev/null may be both. `path` itself may be `-`, standard output.
[[nodiscard]] bool spares_inputs(std::string_view option, const std::string& path,
                                 std::initializer_list<InputFile> inputs, std::ostream& err);

}  // namespace switchgear::shell
