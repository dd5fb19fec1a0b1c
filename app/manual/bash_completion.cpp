#include <utility>
#include <vector>

#include "app/manual/completion.hpp"
#include "app/manual/shell_text.hpp"

namespace switchgear::manual {

namespace {

// Bash splits "--config=x" into three words, and hands "=" to the function as a word of its own.
constexpr const char* driver = R"bash(
_switchgear() {
  local cur=${COMP_WORDS[COMP_CWORD]} path=switchgear awaiting='' word i
  local commands options values choices operands
  COMPREPLY=()
  _switchgear_command "$path"
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ $word == '=' ]]; then
      continue
    elif [[ -n $awaiting ]]; then
      awaiting=''
    elif [[ $word == -* ]]; then
      [[ " $values " == *" $word "* ]] && awaiting=$word
    elif [[ " $commands " == *" $word "* ]]; then
      path="$path $word"
      _switchgear_command "$path"
    fi
  done
  [[ $cur == '=' ]] && cur=''
  if [[ -n $awaiting ]]; then
    _switchgear_value "$path $awaiting"
  elif [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
    return
  else
    choices="$commands $operands"
  fi
  if [[ $choices == *'<file>'* ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
  else
    mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$cur")
  fi
}
complete -F _switchgear switchgear
)bash";

std::string what_may_stand_there(const Argument& argument) {
  return argument.file ? "<file>" : spaced(argument.choices);
}

std::string setting(const std::string& name, const std::vector<std::string>& words) {
  return " " + name + "=" + quoted(spaced(words));
}

/// The words that a command takes.
std::string case_of(const Command& command) {
  std::vector<std::string> commands;
  for (const Command& each : command.commands) commands.push_back(each.word());
  std::vector<std::string> options;
  std::vector<std::string> with_value;
  for (const Argument& option : command.options) {
    for (const std::string& name : option.names) {
      options.push_back(name);
      if (!option.value.empty()) with_value.push_back(name);
    }
  }
  std::vector<std::string> operands;
  for (const Argument& operand : command.operands)
    if (std::string words = what_may_stand_there(operand); !words.empty())
      operands.push_back(std::move(words));
  return "    " + quoted(command.name) + ")" + setting("commands", commands) + setting("options", options) +
         setting("values", with_value) + setting("operands", operands) + " ;;\n";
}

}  // namespace

std::string bash_completion(const Command& top, const std::string& version) {
  std::string of_commands;
  std::string of_values;
  for (const Command* command : all_of(top)) {
    of_commands += case_of(*command);
    for (const Argument& option : command->options) {
      const std::string words = what_may_stand_there(option);
      if (words.empty()) continue;
      for (const std::string& name : option.names)
        of_values += "    " + quoted(command->name + " " + name) + ") choices=" + quoted(words) + " ;;\n";
    }
  }
  return "# Completion of switchgear for bash; written by `switchgear completion bash`, " + version + ".\n" +
         "_switchgear_command() {\n  case $1 in\n" + of_commands + "  esac\n}\n" +
         "_switchgear_value() {\n  choices=''\n  case $1 in\n" + of_values + "  esac\n}" + driver;
}

}  // namespace switchgear::manual
