#include "app/manual/manual_command.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/manual/command_line.hpp"
#include "app/manual/completion.hpp"
#include "app/manual/man_page.hpp"
#include "app/shell/checks.hpp"
#include "app/shell/output.hpp"

namespace switchgear::manual {

namespace {

constexpr int wrong_input = 1;
constexpr int missing_dependency = 3;

struct ManOptions {
  std::vector<std::string> command;
  std::string directory;
};

/// SOURCE_DATE_EPOCH makes a build reproducible, see reproducible-builds.org; otherwise today.
std::string date() {
  std::time_t at = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  if (const char* epoch = std::getenv("SOURCE_DATE_EPOCH"); epoch != nullptr && *epoch != '\0')
    at = std::strtoll(epoch, nullptr, 10);
  std::tm day{};
  gmtime_r(&at, &day);
  return fmt::format("{:04}-{:02}-{:02}", day.tm_year + 1900, day.tm_mon + 1, day.tm_mday);
}

int complain(int exit_code, const std::string& problem) {
  shell::complain("switchgear: " + problem);
  return exit_code;
}

int write_all(const Command& top, const Edition& edition, const std::string& directory) {
  for (const Command* command : all_of(top)) {
    const std::string path = directory + "/" + page_name(*command) + ".1";
    std::ofstream file{path, std::ios::binary};
    file << man_page(top, *command, edition) << std::flush;
    if (!file) return complain(missing_dependency, "cannot write " + path);
  }
  return 0;
}

int run_man(CLI::App& app, const ManOptions& options) {
  const Command top = describe(app);
  const Edition edition{app.version(), date()};
  if (!options.directory.empty()) return write_all(top, edition, options.directory);
  const Command* command = find(top, options.command);
  if (command == nullptr)
    return complain(wrong_input, fmt::format("there is no command '{}'", fmt::join(options.command, " ")));
  shell::print(man_page(top, *command, edition));
  return 0;
}

void run_completion(CLI::App& app, const std::string& shell) {
  const auto script = shell == "bash" ? bash_completion : shell == "zsh" ? zsh_completion : fish_completion;
  shell::print(script(describe(app), app.version()));
}

}  // namespace

void add_manual_commands(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<ManOptions>();
  CLI::App* man = app.add_subcommand("man", "Print the manual page of a command, for man -l -");
  CLI::Option* command = man->add_option("COMMAND", options->command, "The command; nothing: the program");
  man->add_option("--directory", options->directory,
                  "Write the pages of all commands into this folder instead")
      ->check(shell::not_empty())
      ->excludes(command);
  man->callback([&app, options, &exit_code] { exit_code = run_man(app, *options); });

  const auto shell = std::make_shared<std::string>();
  CLI::App* completion =
      app.add_subcommand("completion", "Print a script that completes commands in a shell");
  completion->add_option("SHELL", *shell, "The shell")
      ->required()
      ->check(CLI::IsMember({"bash", "fish", "zsh"}));
  completion->callback([&app, shell] { run_completion(app, *shell); });
}

}  // namespace switchgear::manual
