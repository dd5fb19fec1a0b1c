#include <string_view>

#include "app/manual/completion.hpp"

namespace switchgear::manual {

namespace {

// True when the words that are commands, from the first on, are the given ones.
constexpr const char* place = R"fish(function __switchgear_at
  set -l at switchgear
  for word in (commandline -opc)[2..-1]
    if contains -- "$at $word" $__switchgear_commands
      set at "$at $word"
    else if not string match -q -- '-*' $word
      break
    end
  end
  test "$at" = "$argv"
end

complete -c switchgear -f
)fish";

/// In apostrophes of fish, where a backslash escapes them and itself.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string at(const Command& command) {
  return "complete -c switchgear -n " + quoted("__switchgear_at " + command.name);
}

/// Requires a value: one of the choices, a file, or anything.
std::string value_of(const Argument& argument) {
  if (argument.file) return " -r -F";
  std::string choices;
  for (const std::string& each : argument.choices) choices.append(choices.empty() ? "" : " ").append(each);
  return choices.empty() ? " -x" : " -x -a " + quoted(choices);
}

std::string line_of(const Command& command, const Argument& option) {
  std::string line = at(command);
  for (const std::string& name : option.names)
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  return line + (option.value.empty() ? "" : value_of(option)) + " -d " + quoted(option.description) + "\n";
}

std::string line_of_operand(const Command& command, const Argument& operand) {
  if (operand.file) return at(command) + " -F\n";
  std::string choices;
  for (const std::string& each : operand.choices) choices.append(choices.empty() ? "" : " ").append(each);
  return choices.empty()
             ? ""
             : at(command) + " -a " + quoted(choices) + " -d " + quoted(operand.description) + "\n";
}

}  // namespace

std::string fish_completion(const Command& top, const std::string& version) {
  std::string script = "# Completion of switchgear for fish; written by `switchgear completion fish`, " +
                       version + ".\n" + "set -g __switchgear_commands";
  for (const Command* command : all_of(top)) script += " " + quoted(command->name);
  script += std::string{"\n"} + place;
  for (const Command* command : all_of(top)) {
    for (const Command& each : command->commands)
      script += at(*command) + " -a " + each.word() + " -d " + quoted(each.description) + "\n";
    for (const Argument& option : command->options) script += line_of(*command, option);
    for (const Argument& operand : command->operands) script += line_of_operand(*command, operand);
  }
  return script;
}

}  // namespace switchgear::manual
