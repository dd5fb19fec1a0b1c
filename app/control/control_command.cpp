#include "app/control/control_command.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "app/control/admin_errors.hpp"
#include "app/control/admin_server.hpp"
#include "app/control/breaker_line.hpp"
#include "app/control/control_client.hpp"
#include "app/control/json_fields.hpp"
#include "app/control/terminal_text.hpp"
#include "app/control/watch_command.hpp"
#include "app/shell/checks.hpp"
#include "app/shell/output.hpp"
#include "switchgear/admin/json_text.hpp"
#include "switchgear/config/duration.hpp"
#include "switchgear/core/command.hpp"
#include "switchgear/http/url.hpp"

namespace switchgear::control {
namespace json = boost::json;
namespace {

struct ControlOptions {
  std::string name;
  std::string value;  ///< empty: the breaker is meant, and not one of those by value
  AdminServer server;
  bool as_json = false;
  bool watch = false;
  std::string interval;  ///< empty: changes alone
};

bool has_text(const json::object& object, std::string_view key) {
  const json::value* const found = object.if_contains(key);
  return found != nullptr && found->is_string();
}

bool is_breaker(const json::value& value, std::string_view name) {
  const json::object* const object = value.if_object();
  return object != nullptr && has_text(*object, name) && has_text(*object, "state");
}

/// Throws NotAdminApi if `body` has no breaker, of a service or of a value, and no list of them.
void check_shape(const json::value& body, const ControlOptions& options) {
  bool good = false;
  if (!options.name.empty()) {
    good = is_breaker(body, options.value.empty() ? "name" : "circuit");
  } else if (const json::value* const list = body.as_object().if_contains("circuit_breakers")) {
    good = list->is_array() && std::ranges::all_of(list->get_array(), [](const json::value& each) {
             return is_breaker(each, "name");
           });
  }
  if (!good) throw NotAdminApi{};
}

/// Of check_shape().
void print_status(const json::object& body, const ControlOptions& options) {
  if (!options.value.empty()) return shell::print(value_line_of(body) + "\n");
  if (!options.name.empty()) return shell::print(line_of(body, 0) + "\n");
  const std::size_t width = width_of_names(body);
  const json::array& all = array_of(body, "circuit_breakers");
  for (const json::value& each : all) shell::print(line_of(each.get_object(), width) + "\n");
  if (all.empty()) shell::print("there are no circuit breakers\n");
}

int watch(const ControlOptions& options) {
  WatchOptions watched{.name = options.name, .server = options.server};
  if (options.as_json) watched.format = LineFormat::json;
  if (!options.interval.empty()) watched.interval = config::parse_duration(options.interval).value;
  return run_watch(watched);
}

std::string path_of(std::string_view command, const ControlOptions& options) {
  std::string path = "/circuit-breakers";
  if (!options.name.empty()) path += "/" + http::url_encoded(options.name);
  if (!options.value.empty()) path += "/by-value";
  if (command != "status") path += "/" + std::string{command};
  if (!options.value.empty()) path += "?value=" + http::url_encoded(options.value);
  return path;
}

/// If a value is meant, that the breaker around it does not exist is only one of the reasons.
int complain(const ControlOptions& options, Access access, const ControlReply& reply) {
  const json::object* const problem = reply.body.if_object();
  if (options.value.empty() || reply.status != 404 || problem == nullptr)
    return complain(options.server, access, options.name, reply);
  shell::complain(fmt::format("value '{}' of '{}' at {}: {}", printable(options.value),
                              printable(options.name), options.server.url, text_of(*problem, "detail")));
  return input_is_wrong;
}

int run(std::string_view command, const ControlOptions& options) {
  if (options.watch || !options.interval.empty()) return watch(options);
  const Access access = command == "status" ? Access::read : Access::change;
  const ControlReply reply =
      control_request(options.server, access == Access::read ? "GET" : "POST", path_of(command, options));
  if (reply.status != 200 || !reply.body.is_object()) return complain(options, access, reply);
  check_shape(reply.body, options);
  if (options.as_json) {
    shell::print(admin::json_text(reply.body) + "\n");
  } else {
    print_status(reply.body.get_object(), options);
  }
  return done;
}

std::string check_interval(const std::string& text) {
  const config::ParsedDuration interval = config::parse_duration(text);
  if (!interval.value) return interval.problem;
  return *interval.value < std::chrono::milliseconds{100} ? "must be at least 100ms" : std::string{};
}

void add_watch_options(CLI::App& command, ControlOptions& options) {
  command.add_flag("--watch,-w", options.watch,
                   "Go on, with a line for each change of a breaker's state, until it is stopped");
  command
      .add_option("--interval", options.interval,
                  "Watch, and print a line for each breaker this often as well, such as 10s")
      ->check(CLI::Validator(check_interval, "DURATION"));
  command.get_option("--value")->excludes("--watch")->excludes("--interval");
}

/// `status`, or the word of an operator's command.
void add_command(CLI::App& app, std::string_view word, std::string_view meaning, int& exit_code) {
  auto options = std::make_shared<ControlOptions>();
  CLI::App* command = app.add_subcommand(std::string{word}, std::string{meaning});
  auto* name = command->add_option("NAME", options->name, "Name of the circuit breaker");
  if (command_of(word)) name->required()->check(shell::not_empty());
  command
      ->add_option("--value", options->value,
                   "The breaker of one value, such as a tenant, of a service that has breakers by value")
      ->needs(name)
      ->check(shell::not_empty());
  add_admin_options(*command, options->server);
  command->add_flag("--json", options->as_json, "Print JSON for programs");
  if (word == "status") add_watch_options(*command, *options);
  command->callback([options, word, &exit_code] {
    exit_code = with_errors_said(options->server.url, [&] { return run(word, *options); });
  });
}

}  // namespace

void add_control_commands(CLI::App& app, int& exit_code) {
  add_command(app, "status", "Show the circuit breakers of a running gateway, or one of them", exit_code);
  for (const Command command : commands) add_command(app, word_of(command), meaning_of(command), exit_code);
}

}  // namespace switchgear::control
