#include "app/top/top_command.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>

#include "app/control/admin_server.hpp"
#include "app/top/session.hpp"
#include "switchgear/http/error.hpp"

namespace switchgear::top {
namespace {

constexpr int done = 0;
constexpr int usage = 2;

int complain(const char* about, const char* why) {
  std::fprintf(stderr, "switchgear top: %s%s\n", about, why);
  return usage;
}

int run(const control::AdminServer& server) {
  try {
    Session{server}.run();
    return done;
  } catch (const http::Error& error) {
    return complain("--admin: ", error.what());
  } catch (const std::invalid_argument& error) {
    return complain("", control::told(error).c_str());
  } catch (const std::runtime_error& error) {
    return complain(error.what(), "; `switchgear status --watch` prints lines instead");
  }
}

}  // namespace

void add_top_command(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<control::AdminServer>();
  CLI::App* command =
      app.add_subcommand("top", "Watch the circuit breakers of a running gateway in the terminal");
  control::add_admin_options(*command, *options);
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace switchgear::top
