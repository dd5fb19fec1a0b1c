#include "app/check/check_command.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "app/check/explain_report.hpp"
#include "app/check/route_report.hpp"
#include "app/check/surroundings.hpp"
#include "app/check/trust_report.hpp"
#include "switchgear/analysis/explain.hpp"
#include "switchgear/config/config.hpp"
#include "switchgear/config/source_file.hpp"
#include "switchgear/core/utf8.hpp"

namespace switchgear::check {

using namespace config;

namespace {

namespace json = boost::json;

std::string count(std::size_t number, std::string_view singular, std::string_view plural) {
  return std::to_string(number).append(" ").append(number == 1 ? singular : plural);
}

std::string summary(const Config& config) {
  std::size_t breakers = 0;
  for (const auto& [name, service] : config.services) {
    std::set<std::string> policies{service.policy};
    for (const Route& route : service.routes) {
      if (!route.policy.empty()) policies.insert(route.policy);
    }
    for (const std::string& policy : policies) breakers += config.policies.at(policy).circuit_breaker ? 1 : 0;
  }
  return count(config.policies.size(), "policy", "policies") + ", " +
         count(config.services.size(), "service", "services") + ", " + count(breakers, "breaker", "breakers");
}

json::array json_of(const std::vector<Diagnostic>& findings) {
  json::array array;
  for (const Diagnostic& finding : findings) {
    array.push_back(json::object{{"file", as_utf8(finding.file)},
                                 {"line", finding.line},
                                 {"column", finding.column},
                                 {"message", as_utf8(finding.message)}});
  }
  return array;
}

std::string explanation_of(const Config& config) {
  std::string text;
  for (const auto& [name, policy] : config.policies)
    text += "\npolicy " + name + "\n" + to_text(explain(policy), policy);
  const auto add = [&](const std::string& whose, const ServiceOutlook::Part& part) {
    text += "\nservice " + whose + to_service_text(part.explanation, config.policies.at(part.policy));
  };
  for (const auto& [name, service] : config.services) {
    const ServiceOutlook outlook = outlook_of(service, config);
    add(name + " (policy " + service.policy + ")\n", outlook.own);
    if (outlook.by_value) {
      text += "\nservice " + name + ", the breaker of each value of " + service.by->header + "\n" +
              to_breaker_text(outlook.by_value->explanation, outlook.by_value->policy);
    }
    for (const ServiceOutlook::Part& part : outlook.routes)
      add(name + ", routes with policy " + part.policy + "\n", part);
    if (!outlook.routes.empty())
      text += "\nservice " + name + ", all routes together\n" + to_text(outlook.in_flight);
  }
  return text + to_text(Router{config.services}) + to_text(config.gateway.trust);
}

json::object explanation_as_json(const Config& config) {
  json::object policies;
  for (const auto& [name, policy] : config.policies) policies[name] = to_json(explain(policy));
  json::object services;
  for (const auto& [name, service] : config.services) {
    const ServiceOutlook outlook = outlook_of(service, config);
    json::object one = to_json(outlook.own.explanation);
    one["policy"] = service.policy;
    one["breaker_by_value"] =
        outlook.by_value ? to_breaker_json(outlook.by_value->explanation) : json::value(nullptr);
    json::object routes;
    for (const ServiceOutlook::Part& part : outlook.routes) routes[part.policy] = to_json(part.explanation);
    one["route_policies"] = std::move(routes);
    one["all_in_flight"] = to_json(outlook.in_flight);
    services[name] = std::move(one);
  }
  return {{"policies", std::move(policies)},
          {"services", std::move(services)},
          {"routes", to_json(Router{config.services})},
          {"clients", to_json(config.gateway.trust)}};
}

constexpr std::size_t largest_file = std::size_t{1024} * 1024;  // as load_file() has it

Loaded load(const CheckOptions& options) {
  if (options.file == "-") {
    ReadResult read = read_standard_input(largest_file);
    if (read.bytes) return load_text(*std::move(read.bytes), "-", "", options.sections);
    Loaded unread;
    unread.errors.push_back({"-", 1, 1, read.problem});
    return unread;
  }
  return load_file(options.file, FileKind::any, options.sections);
}

void print(std::FILE* to, const std::string& line) { std::fputs((line + "\n").c_str(), to); }

/// Of a valid file; returns the exit code.
int answer_as_json(const CheckOptions& options, const Config& config, json::object& answer) {
  if (options.explain) answer["explanation"] = explanation_as_json(config);
  if (!options.route.asked()) return 0;
  const RouteAnswer found = answer_of(options.route, config);
  answer["route"] = to_json(found);
  return found.found() ? 0 : 1;
}

/// Of a valid file; returns the exit code.
int answer_as_text(const CheckOptions& options, const Config& config, std::FILE* out) {
  print(out, options.file + ": valid: " + summary(config));
  if (options.explain) std::fputs(explanation_of(config).c_str(), out);
  if (options.route.asked()) {
    const RouteAnswer found = answer_of(options.route, config);
    std::fputs(to_text(options.route, found).c_str(), out);
    if (!found.found()) return 1;
  }
  return options.tried ? options.trial.run(config, options.consent, out) : 0;
}

}  // namespace

int run_check(const CheckOptions& options, std::FILE* out, std::FILE* err) {
  const Loaded loaded = load(options);
  const bool valid = loaded.config.has_value();
  if (options.json) {
    json::object answer{
        {"valid", valid}, {"errors", json_of(loaded.errors)}, {"warnings", json_of(loaded.warnings)}};
    const int code = valid ? answer_as_json(options, *loaded.config, answer) : 1;
    print(out, json::serialize(answer));
    return code;
  }
  for (const Diagnostic& error : loaded.errors) print(err, error.text());
  for (const Diagnostic& warning : loaded.warnings) print(err, warning.text());
  return valid ? answer_as_text(options, *loaded.config, out) : 1;
}

void add_check(CLI::App& app, int& exit_code, const OwnSections& sections, const Trial& trial) {
  const auto options = std::make_shared<CheckOptions>();
  options->sections = sections;
  options->trial = trial;
  CLI::App* command = app.add_subcommand("check", "Validate a policy file; errors as FILE:LINE:COL: message");
  command->add_option("FILE", options->file, "The policy file; -: standard input")->required();
  CLI::Option* const json =
      command->add_flag("--json", options->json, "Print one JSON object: valid, errors, warnings");
  command->add_flag(
      "--explain", options->explain,
      "Also print the worst cases of each policy and service: latency, attempts, memory; and the "
      "order of the routes");
  CLI::Option* const route =
      command
          ->add_option("--route", options->route.request,
                       "Say which service gets a request, and the path that it sees; exit 1: none. "
                       "\"GET http://shop.example.com/payment/x\"")
          ->check(CLI::Validator(
              [](const std::string& request) {
                return request.empty() ? std::string{"is empty; expected a request, as \"GET http://shop/x\""}
                                       : std::string{};
              },
              "", ""));
  command
      ->add_option("--header", options->route.headers,
                   "A header field of that request, \"x-beta: 1\"; repeatable")
      ->allow_extra_args(false)
      ->needs(route);
  if (trial.run) {
    CLI::Option* const tried = command->add_flag(trial.flag, options->tried, trial.help)->excludes(json);
    command
        ->add_flag_callback(
            "--yes", [options] { options->consent = Trial::Consent::given; },
            "Do not ask before " + trial.flag)
        ->needs(tried);
  }
  command->callback([options, &exit_code] { exit_code = run_check(*options, stdout, stderr); });
}

}  // namespace switchgear::check
