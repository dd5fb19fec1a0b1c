#include "app/control/control_command.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "app/control/control_client.hpp"
#include "switchgear/admin/json_text.hpp"
#include "switchgear/core/command.hpp"
#include "switchgear/http/error.hpp"
#include "switchgear/http/url.hpp"

namespace switchgear::control {
namespace json = boost::json;
namespace {

struct ControlOptions {
  std::string name;
  std::string admin = "http://127.0.0.1:9090";
  std::string token;
  bool as_json = false;
};

constexpr int done = 0;
constexpr int input_is_wrong = 1;
constexpr int usage = 2;
constexpr int not_reached = 3;

/// A name is data: what could steer a terminal is shown as `?`.
std::string printable(std::string_view text) {
  std::string made{text};
  for (char& each : made) {
    const auto byte = static_cast<unsigned char>(each);
    if (byte < 0x20 || byte == 0x7f) each = '?';
  }
  return made;
}

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* found = object.if_contains(key);
  return found != nullptr && found->is_string() ? printable(std::string_view{found->get_string()})
                                                : std::string{};
}

double number_of(const json::object& object, std::string_view key) {
  const json::value* found = object.if_contains(key);
  if (found == nullptr || !found->is_number()) return 0;
  return found->to_number<double>();
}

const json::object& object_of(const json::object& object, std::string_view key) {
  static const json::object none;
  const json::value* found = object.if_contains(key);
  return found != nullptr && found->is_object() ? found->get_object() : none;
}

/// One line: `payment   open   failures 62.0 %   12.0 calls/s   3.1 rejected/s   retry in 4.2s   failure_rate
/// 0.62 ≥ 0.5`.
std::string line_of(const json::object& breaker, std::size_t width) {
  const json::object& rates = object_of(breaker, "rates");
  std::string line = fmt::format(
      "{:<{}}  {:<11}  failures {:5.1f} %  {:8.1f} calls/s  {:8.1f} rejected/s", text_of(breaker, "name"),
      width, text_of(breaker, "state"), 100 * number_of(object_of(breaker, "window"), "failure_rate"),
      number_of(rates, "calls_per_second"), number_of(rates, "rejected_per_second"));
  if (const auto* left = breaker.if_contains("retry_after"); left != nullptr && left->is_number()) {
    line += fmt::format("  retry in {:.1f}s", left->to_number<double>());
  }
  if (text_of(breaker, "mode") == "metrics_only") line += "  metrics_only";
  if (const json::object& last = object_of(breaker, "last_transition"); !last.empty()) {
    line +=
        fmt::format("  ({} -> {} by {})", text_of(last, "from"), text_of(last, "to"), text_of(last, "rule"));
  }
  return line;
}

void print_status(const json::value& body) {
  const json::object& object = body.as_object();
  const json::value* list = object.if_contains("circuit_breakers");
  if (list == nullptr) {
    fmt::print("{}\n", line_of(object, text_of(object, "name").size()));
    return;
  }
  std::size_t width = 0;
  for (const auto& each : list->as_array()) width = std::max(width, text_of(each.as_object(), "name").size());
  for (const auto& each : list->as_array()) fmt::print("{}\n", line_of(each.as_object(), width));
  if (list->as_array().empty()) fmt::print("there are no circuit breakers\n");
}

int complain(const ControlOptions& options, const ControlReply& reply) {
  if (reply.status == 0) {
    fmt::print(stderr, "no admin server at {}: {}\n", options.admin, reply.error);
    return not_reached;
  }
  std::string detail = reply.error;
  if (const auto* problem = reply.body.if_object()) detail = text_of(*problem, "detail");
  if (reply.status == 404) {
    fmt::print(stderr, "there is no circuit breaker '{}' at {}\n", printable(options.name), options.admin);
  } else if (reply.status == 401) {
    fmt::print(stderr, "{} requires a token; give it with --token or SWITCHGEAR_ADMIN_TOKEN\n",
               options.admin);
  } else {
    fmt::print(stderr, "{} answered {}: {}\n", options.admin, reply.status, detail);
  }
  return input_is_wrong;
}

int run(std::string_view command, const ControlOptions& options) {
  try {
    std::string path = "/circuit-breakers";
    if (!options.name.empty()) path += "/" + http::url_encoded(options.name);
    if (command != "status") path += "/" + std::string{command};
    const ControlReply reply =
        control_request(options.admin, command == "status" ? "GET" : "POST", path, options.token);
    if (reply.status != 200 || !reply.body.is_object()) return complain(options, reply);
    if (options.as_json) {
      fmt::print("{}\n", admin::json_text(reply.body));
    } else {
      print_status(reply.body);
    }
    return done;
  } catch (const http::Error& error) {
    fmt::print(stderr, "--admin: {}\n", error.what());
    return usage;
  } catch (const std::invalid_argument& error) {
    fmt::print(stderr, "--token: {}\n", error.what());
    return usage;
  } catch (const std::exception&) {  // of the JSON document, whose text says nothing to an operator
    fmt::print(stderr, "{} did not answer as an admin API does\n", options.admin);
    return not_reached;
  }
}

/// `status`, or the word of an operator's command.
void add_command(CLI::App& app, std::string_view word, std::string_view meaning, int& exit_code) {
  auto options = std::make_shared<ControlOptions>();
  CLI::App* command = app.add_subcommand(std::string{word}, std::string{meaning});
  auto* name = command->add_option("NAME", options->name, "Name of the circuit breaker");
  if (command_of(word))
    name->required()->check([](const std::string& given) {
      return given.empty() ? std::string{"the name must not be empty"} : std::string{};
    });
  command->add_option("--admin", options->admin, "Where the admin API is")->capture_default_str();
  command->add_option("--token", options->token, "The admin token")->envname("SWITCHGEAR_ADMIN_TOKEN");
  command->add_flag("--json", options->as_json, "Print JSON for programs");
  command->callback([options, word, &exit_code] { exit_code = run(word, *options); });
}

}  // namespace

void add_control_commands(CLI::App& app, int& exit_code) {
  add_command(app, "status", "Show the circuit breakers of a running gateway, or one of them", exit_code);
  for (const Command command : commands) add_command(app, word_of(command), meaning_of(command), exit_code);
}

}  // namespace switchgear::control
