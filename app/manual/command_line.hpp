// app/manual: what the program's command line says of itself to shells and to man. The commands are those
// that CLI11 parses, read once into plain values, so neither a page nor a completion can differ from what is
// accepted. Never here: a command or an option written down a second time.
//
// This header: the command line as plain values.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace switchgear::manual {

/// An option, a flag or an operand.
struct Argument {
  std::vector<std::string> names{};  ///< "-w", "--watch", short ones first; of an operand its word, "FILE"
  std::string description{};
  std::string value{};                  ///< the word for its value, "DURATION"; empty: a flag
  std::vector<std::string> choices{};   ///< the only values that it may have; empty: any
  std::string default_value{};          ///< empty: none
  std::string environment{};            ///< the variable that it is taken from otherwise; empty: none
  std::vector<std::string> needs{};     ///< names of the options that it may be given with only
  std::vector<std::string> excludes{};  ///< names of the options that it may not be given with
  bool required = false;
  bool repeatable = false;
  bool file = false;  ///< its value is the path of a file
};

struct Command {
  std::string name{};               ///< with those of the commands above it: "switchgear import istio"
  std::string description{};        ///< one line, without a full stop
  std::vector<Argument> options{};  ///< flags too
  std::vector<Argument> operands{};
  std::vector<Command> commands{};  ///< without hidden ones

  /// The last word of its name.
  [[nodiscard]] std::string word() const;
};

/// The program and its commands, in the order in which --help lists them.
[[nodiscard]] Command describe(const CLI::App& app);

/// `top` and all commands below it, `top` first, each before its own.
[[nodiscard]] std::vector<const Command*> all_of(const Command& top);

/// The command of that name below `top`, or null. `words` without the program's: {"import", "istio"}.
[[nodiscard]] const Command* find(const Command& top, const std::vector<std::string>& words);

}  // namespace switchgear::manual
