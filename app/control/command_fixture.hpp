// Runs a command as a user gives it, within the test's process.
#pragma once

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <vector>

namespace switchgear::control {

struct Ran {
  int exit_code = -1;
  std::string output;
  std::string errors;
};

/// `add`: add_control_commands, or another function that adds commands.
template <class Add>
[[nodiscard]] Ran run_command(Add add, std::vector<std::string> arguments) {
  Ran ran;
  CLI::App app;
  add(app, ran.exit_code);
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError& error) {
    ran.exit_code = 2;
    ran.errors = error.what();
  }
  ran.output = testing::internal::GetCapturedStdout();
  ran.errors += testing::internal::GetCapturedStderr();
  return ran;
}

}  // namespace switchgear::control
