#include <algorithm>
#include <string_view>
#include <vector>

#include "app/manual/completion.hpp"
#include "app/manual/shell_text.hpp"

namespace switchgear::manual {

namespace {

std::string function_of(const Command& command) {
  std::string name = "_" + command.name;
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
}

/// Within a specification of _arguments and _describe, these end a part.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

/// "message:action" of a value.
std::string value_of(const std::string& word, const Argument& argument) {
  const std::string action = argument.file              ? "_files"
                             : argument.choices.empty() ? " "
                                                        : "(" + spaced(argument.choices) + ")";
  return escaped(word) + ":" + action;
}

/// A repeatable option may stand there again; of another, all names are spent by one of them.
std::string specification_of(const Argument& option, const std::string& name) {
  const std::string spent = option.repeatable ? "*" : "(" + spaced(option.names) + ")";
  const std::string value = option.value.empty() ? "" : ":" + value_of(option.value, option);
  // The value follows a short option's letter or is the next word; of a long one it may follow "=".
  const std::string way = option.value.empty() ? "" : name.starts_with("--") ? "=" : "+";
  return quoted(spent + name + way + "[" + escaped(option.description) + "]" + value);
}

std::string arguments_of(const Command& command) {
  std::string lines;
  const auto add = [&lines](const std::string& specification) { lines += " \\\n    " + specification; };
  for (const Argument& option : command.options)
    for (const std::string& name : option.names) add(specification_of(option, name));
  for (const Argument& operand : command.operands) {
    const std::string place = operand.repeatable ? "*:" : operand.required ? ":" : "::";
    add(quoted(place + value_of(operand.names.front(), operand)));
  }
  return lines;
}

std::string leaf(const Command& command) {
  return function_of(command) + "() {\n  _arguments -s" + arguments_of(command) + "\n}\n\n";
}

std::string branch(const Command& command) {
  std::string listed;
  std::string cases;
  for (const Command& each : command.commands) {
    listed += "    " + quoted(each.word() + ":" + escaped(each.description)) + "\n";
    cases += "      " + each.word() + ") " + function_of(each) + " ;;\n";
  }
  return function_of(command) +
         "() {\n  local curcontext=$curcontext state line\n  local -A opt_args\n  local -a commands=(\n" +
         listed + "  )\n  _arguments -s -C" + arguments_of(command) +
         " \\\n    '1:command:->command' \\\n    '*::argument:->argument'\n  case $state in\n"
         "    command) _describe command commands ;;\n    argument)\n      case $line[1] in\n" +
         cases + "      esac ;;\n  esac\n}\n\n";
}

}  // namespace

std::string zsh_completion(const Command& top, const std::string& version) {
  std::string script =
      "#compdef switchgear\n# Completion of switchgear for zsh; written by `switchgear completion zsh`, " +
      version + ".\n\n";
  for (const Command* command : all_of(top))
    script += command->commands.empty() ? leaf(*command) : branch(*command);
  // As a file of $fpath it is the function that is called first; sourced, it makes itself known.
  return script +
         "if [[ $funcstack[1] == _switchgear ]]; then\n  _switchgear \"$@\"\nelse\n  compdef _switchgear "
         "switchgear\nfi\n";
}

}  // namespace switchgear::manual
