#include "app/manual/command_line.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

namespace switchgear::manual {

namespace {

constexpr const char* file_word = "FILE";

/// CLI11 names a type after its validators: "TEXT", "TEXT:DURATION", "TEXT:{bash,fish,zsh}".
void read_type(const std::string& type, Argument& to) {
  const std::size_t colon = type.find(':');
  to.value = type.substr(0, colon);
  if (colon == std::string::npos) return;
  const std::string rest = type.substr(colon + 1);
  if (rest.size() < 2 || rest.front() != '{') {
    to.value = rest;
    return;
  }
  to.choices = CLI::detail::split(rest.substr(1, rest.size() - 2), ',');
}

std::vector<std::string> names_of(const std::set<CLI::Option*>& options) {
  std::vector<std::string> names;
  for (const CLI::Option* option : options) names.push_back(option->get_name());
  std::sort(names.begin(), names.end());
  return names;
}

Argument describe(const CLI::Option& option) {
  Argument argument;
  if (option.get_positional()) {
    argument.names.push_back(option.get_name(true));
  } else {
    for (const std::string& name : option.get_snames()) argument.names.push_back("-" + name);
    for (const std::string& name : option.get_lnames()) argument.names.push_back("--" + name);
  }
  argument.description = option.get_description();
  if (option.get_items_expected_max() > 0) read_type(option.get_type_name(), argument);
  argument.default_value = option.get_default_str();
  argument.environment = option.get_envname();
  argument.needs = names_of(option.get_needs());
  argument.excludes = names_of(option.get_excludes());
  argument.required = option.get_required();
  argument.repeatable = option.get_items_expected_max() > 1;
  argument.file = argument.value == file_word || argument.names.front() == file_word;
  return argument;
}

Command describe(const CLI::App& app, const std::string& above) {
  Command command;
  command.name = above + app.get_name();
  command.description = app.get_description();
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    (option->get_positional() ? command.operands : command.options).push_back(describe(*option));
  }
  for (const CLI::App* each :
       app.get_subcommands([](const CLI::App* sub) { return !sub->get_group().empty(); }))
    command.commands.push_back(describe(*each, command.name + " "));
  return command;
}

void collect(const Command& command, std::vector<const Command*>& into) {
  into.push_back(&command);
  for (const Command& each : command.commands) collect(each, into);
}

}  // namespace

std::string Command::word() const { return name.substr(name.rfind(' ') + 1); }

Command describe(const CLI::App& app) { return describe(app, ""); }

std::vector<const Command*> all_of(const Command& top) {
  std::vector<const Command*> all;
  collect(top, all);
  return all;
}

const Command* find(const Command& top, const std::vector<std::string>& words) {
  const Command* at = &top;
  for (const std::string& word : words) {
    const auto next = std::find_if(at->commands.begin(), at->commands.end(),
                                   [&](const Command& each) { return each.word() == word; });
    if (next == at->commands.end()) return nullptr;
    at = &*next;
  }
  return at;
}

}  // namespace switchgear::manual
