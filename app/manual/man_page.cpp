#include "app/manual/man_page.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <utility>
#include <vector>

#include "app/manual/roff.hpp"

namespace switchgear::manual {

namespace {

struct Entry {
  std::string term;
  std::string text;
};

struct Section {
  std::string heading;
  std::vector<Entry> entries;
};

/// What a command line cannot say of itself.
const std::map<std::string, std::vector<Section>>& further_sections() {
  static const std::map<std::string, std::vector<Section>> sections{
      {"switchgear serve",
       {{"SIGNALS",
         {{"SIGHUP", "Read the policy file again. If it has errors, they are logged and nothing changes."},
          {"SIGUSR1", "Open the access log anew, after logrotate has moved it."},
          {"SIGUSR2",
           "Start the program anew, with --takeover: it gets the listeners, and this process ends. Needs "
           "gateway.takeover."},
          {"SIGTERM, SIGINT",
           "End: /readyz answers 503 at once, connections are taken for gateway.shutdown_delay, and requests "
           "under "
           "way have gateway.limits.drain_timeout to finish. A second signal ends at once."}}},
        {"ENVIRONMENT",
         {{"NOTIFY_SOCKET",
           "The socket of systemd, which is told when the gateway serves, reloads and ends. See "
           "sd_notify(3)."}}},
        {"FILES",
         {{"/etc/switchgear/gateway.yaml", "The policy file of the unit switchgear.service."},
          {"/etc/switchgear/NAME.yaml", "The policy file of the unit switchgear@NAME.service."},
          {"/var/lib/switchgear/", "Where the units may keep a history."},
          {"/var/log/switchgear/", "Where the units may keep an access log."}}}}}};
  return sections;
}

const std::vector<Entry>& exit_statuses() {
  static const std::vector<Entry> statuses{
      {"0", "Done."},
      {"1", "The input is wrong: a policy file with errors, or a name that does not exist."},
      {"2", "The command line is wrong."},
      {"3",
       "Something that the command needs is missing: an address is taken, or the gateway does not answer."}};
  return statuses;
}

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
  std::string all;
  for (const std::string& part : parts) all.append(all.empty() ? "" : between).append(part);
  return all;
}

std::string value_of(const Argument& argument) {
  if (argument.choices.empty()) return italic(argument.value);
  std::vector<std::string> choices;
  for (const std::string& each : argument.choices) choices.push_back(bold(each));
  return joined(choices, "|");
}

std::string term_of(const Argument& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.names) names.push_back(bold(name));
  return joined(names, ", ") + (option.value.empty() ? "" : " " + value_of(option));
}

std::string with_full_stop(std::string text) {
  if (!text.empty() && text.back() != '.') text += '.';
  return text;
}

std::string text_of(const Argument& argument) {
  std::string text = with_full_stop(argument.description);
  if (argument.required) text += " Required.";
  if (!argument.default_value.empty()) text += " Default: " + argument.default_value + ".";
  if (!argument.environment.empty()) text += " Otherwise taken from " + argument.environment + ".";
  if (!argument.needs.empty()) text += " Only with " + joined(argument.needs, ", ") + ".";
  if (!argument.excludes.empty()) text += " Not with " + joined(argument.excludes, ", ") + ".";
  return escaped(text);
}

std::string lower_first(std::string text) {
  const bool word = text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0;
  if (word) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

std::string synopsis_of(const Command& command) {
  std::string line = bold(command.name);
  for (const Argument& option : command.options)
    if (option.required) line += " " + term_of(option);
  line += " [" + italic("OPTIONS") + "]";
  for (const Argument& operand : command.operands) {
    const std::string word = (operand.choices.empty() ? italic(operand.names.front()) : value_of(operand)) +
                             (operand.repeatable ? " ..." : "");
    line += operand.required ? " " + word : " [" + word + "]";
  }
  return command.commands.empty() ? line : line + " " + italic("COMMAND");
}

void add_section(Roff& page, const std::string& heading, const std::vector<Entry>& entries) {
  if (entries.empty()) return;
  page.macro("SH", {heading});
  for (const Entry& each : entries) page.entry(each.term, each.text);
}

std::vector<Entry> environment_of(const Command& command) {
  std::vector<Entry> variables;
  for (const Argument& option : command.options)
    if (!option.environment.empty())
      variables.push_back(
          {bold(option.environment), escaped("Used where " + option.names.back() + " is not given.")});
  return variables;
}

/// Those above and below, and beside them the program's.
std::vector<std::string> see_also(const Command& top, const Command& command) {
  std::vector<std::string> pages;
  for (const Command* each : all_of(top)) {
    const bool above = command.name.starts_with(each->name + " ");
    const bool below = each->name.starts_with(command.name + " ");
    if (above || (below && each->name.find(' ', command.name.size() + 1) == std::string::npos))
      pages.push_back(bold(page_name(*each)) + "(1)");
  }
  std::sort(pages.begin(), pages.end());
  return pages;
}

}  // namespace

std::string page_name(const Command& command) {
  std::string name = command.name;
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

std::string man_page(const Command& top, const Command& command, const Edition& edition) {
  Roff page;
  std::string title = page_name(command);
  std::transform(title.begin(), title.end(), title.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  page.macro("TH", {escaped(title), "1", edition.date, edition.version, "User Commands"});
  page.macro("SH", {"NAME"});
  page.text(escaped(page_name(command)) + " \\- " + escaped(lower_first(command.description)));
  page.macro("SH", {"SYNOPSIS"}).text(synopsis_of(command));
  page.macro("SH", {"DESCRIPTION"}).text(escaped(with_full_stop(command.description)));

  std::vector<Entry> commands;
  for (const Command& each : command.commands)
    commands.push_back({bold(each.word()), escaped(with_full_stop(each.description))});
  add_section(page, "COMMANDS", commands);
  std::vector<Entry> operands;
  for (const Argument& each : command.operands)
    operands.push_back({italic(each.names.front()), text_of(each)});
  add_section(page, "OPERANDS", operands);
  std::vector<Entry> options;
  for (const Argument& each : command.options) options.push_back({term_of(each), text_of(each)});
  add_section(page, "OPTIONS", options);
  add_section(page, "ENVIRONMENT", environment_of(command));
  if (const auto further = further_sections().find(command.name); further != further_sections().end()) {
    for (const Section& section : further->second) {
      std::vector<Entry> entries;
      for (const Entry& each : section.entries) entries.push_back({bold(each.term), escaped(each.text)});
      add_section(page, section.heading, entries);
    }
  }
  add_section(page, "EXIT STATUS", exit_statuses());
  page.macro("SH", {"SEE ALSO"}).text(joined(see_also(top, command), ", "));
  return page.take();
}

}  // namespace switchgear::manual
