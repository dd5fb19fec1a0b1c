#include "app/top/top_command.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>

#include "app/top/session.hpp"
#include "switchgear/http/error.hpp"

namespace switchgear::top {
namespace {

struct TopOptions {
  std::string admin = "http://127.0.0.1:9090";
  std::string token;
};

constexpr int done = 0;
constexpr int usage = 2;

int complain(const char* about, const char* why) {
  std::fprintf(stderr, "switchgear top: %s%s\n", about, why);
  return usage;
}

int run(const TopOptions& options) {
  try {
    Session{options.admin, options.token}.run();
    return done;
  } catch (const http::Error& error) {
    return complain("--admin: ", error.what());
  } catch (const std::invalid_argument& error) {
    return complain("--token: ", error.what());
  } catch (const std::runtime_error& error) {
    return complain(error.what(), "; `switchgear status --watch` prints lines instead");
  }
}

}  // namespace

void add_top_command(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<TopOptions>();
  CLI::App* command =
      app.add_subcommand("top", "Watch the circuit breakers of a running gateway in the terminal");
  command->add_option("--admin", options->admin, "Where the admin API is")->capture_default_str();
  command->add_option("--token", options->token, "The admin token, for commands")
      ->envname("SWITCHGEAR_ADMIN_TOKEN");
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace switchgear::top
