#include "app/control/report_command.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>

#include "app/control/admin_errors.hpp"
#include "app/control/admin_server.hpp"
#include "app/control/control_client.hpp"
#include "app/control/terminal_text.hpp"
#include "app/shell/checks.hpp"
#include "app/shell/output.hpp"
#include "app/shell/output_file.hpp"
#include "switchgear/admin/json_text.hpp"
#include "switchgear/admin/report_resources.hpp"
#include "switchgear/http/url.hpp"

namespace switchgear::control {
namespace {

/// A day of many samples is more work than a look at the present.
constexpr std::chrono::seconds patience{30};

struct ReportOptions {
  std::string name;
  std::string since = "24h";
  std::string html;
  AdminServer server;
  bool as_json = false;
};

/// Line by line, so that nothing in it steers the terminal.
void print_lines(std::string_view text) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    shell::print(printable(text.substr(0, end)) + "\n");
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

int write_file(const std::string& path, const std::string& content) {
  std::ofstream file{path, std::ios::binary | std::ios::trunc};
  file << content;
  file.close();
  if (file) return done;
  shell::complain("--html: cannot write " + path);
  return input_is_wrong;
}

int run(std::string_view resource, const ReportOptions& options) {
  const auto path = [&](std::string_view format) {
    return fmt::format("/{}/{}?since={}&format={}", resource, http::url_encoded(options.name),
                       http::url_encoded(options.since), format);
  };
  const AdminServer& server = options.server;
  if (!options.html.empty() &&
      !shell::spares_inputs(
          "--html", options.html,
          {{"file of --ca", server.ca}, {"file of --cert", server.cert}, {"file of --key", server.key}},
          std::cerr))
    return input_is_wrong;
  if (options.as_json) {
    const ControlReply reply = control_request(options.server, "GET", path("json"), patience);
    if (reply.status != 200 || !reply.body.is_object())
      return complain(options.server, Access::read, options.name, reply);
    if (!reply.body.get_object().contains("circuit")) throw NotAdminApi{};
    shell::print(admin::json_text(reply.body) + "\n");
  }
  if (!options.html.empty()) {
    const ControlReply reply = control_text(options.server, path("html"), patience);
    if (reply.status != 200) return complain(options.server, Access::read, options.name, reply);
    if (!reply.type.starts_with("text/html")) throw NotAdminApi{};
    return write_file(options.html, reply.text);
  }
  if (options.as_json) return done;
  const ControlReply reply = control_text(options.server, path("text"), patience);
  if (reply.status != 200) return complain(options.server, Access::read, options.name, reply);
  if (!reply.type.starts_with("text/plain")) throw NotAdminApi{};
  print_lines(reply.text);
  return done;
}

/// `command` is the word; `resource`, where the admin API has it.
void add_command(CLI::App& app, const std::string& word, std::string_view resource,
                 const std::string& meaning, int& exit_code) {
  auto options = std::make_shared<ReportOptions>();
  CLI::App* command = app.add_subcommand(word, meaning);
  command->add_option("NAME", options->name, "Name of the circuit breaker")
      ->required()
      ->check(shell::not_empty());
  command
      ->add_option("--since", options->since,
                   "How far to look back: a number and a unit, such as 90m, 24h or 7d")
      ->capture_default_str()
      ->check([](const std::string& given) {
        return admin::span_of(given) ? std::string{} : "write a number and a unit, such as 90m, 24h or 7d";
      });
  if (word == "report")
    command->add_option("--html", options->html, "Write the report to this file, as a page with charts")
        ->type_name("FILE")
        ->check(shell::not_empty());
  add_admin_options(*command, options->server);
  command->add_flag("--json", options->as_json, "Print JSON for programs");
  command->callback([options, resource, &exit_code] {
    exit_code = with_errors_said(options->server.url, [&] { return run(resource, *options); });
  });
}

}  // namespace

void add_report_commands(CLI::App& app, int& exit_code) {
  add_command(app, "report", "reports",
              "Report on a circuit breaker of a running gateway: figures, openings, what to do", exit_code);
  add_command(app, "explain", "analysis", "Explain why a circuit breaker is as it is, and what to do",
              exit_code);
}

}  // namespace switchgear::control
