#include "app/shop/shop_command.hpp"

#include <CLI/CLI.hpp>
#include <chrono>
#include <limits>
#include <memory>
#include <string>

#include "app/shell/checks.hpp"
#include "app/shop/shop_process.hpp"
#include "app/shop/shop_run.hpp"
#include "switchgear/config/duration.hpp"

namespace switchgear::shop {
namespace {

CLI::Validator port() { return shell::whole_number(0, std::numeric_limits<std::uint16_t>::max()); }

std::string check_length(const std::string& text) { return config::parse_duration(text).problem; }

void add_process(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<ShopProcessOptions>();
  CLI::App* one = app.add_subcommand("shop-service", "The process of the shop")->group("");
  one->add_option("--policies", options->policies)->required();
  one->add_option("--database", options->database)->required();
  one->add_option("--redis", options->redis);
  one->add_option("--smtp", options->smtp)->required();
  one->add_option("--inventory", options->inventory);
  one->add_option("--payment", options->payment);
  one->add_option("--accounts", options->accounts);
  one->add_option("--risk", options->risk);
  one->add_option("--port", options->port)->check(port())->capture_default_str();
  one->add_option("--admin-port", options->admin_port)->check(port())->capture_default_str();
  one->add_option("--order-time", options->order_time)->check(CLI::Validator(check_length, "DURATION"));
  one->add_option("--seed", options->seed)->check(shell::whole_number())->capture_default_str();
  one->callback([options, &exit_code] { exit_code = run_shop_process(*options); });
}

std::string check_run_length(const std::string& text) {
  const config::ParsedDuration parsed = config::parse_duration(text);
  if (!parsed.value) return parsed.problem;
  return *parsed.value < std::chrono::seconds{1} ? "expected 1s or more" : "";
}

void add_run(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<ShopOptions>();
  const auto stand_ins = std::make_shared<bool>(false);
  CLI::App* shop =
      app.add_subcommand("shop", "Run a checkout service on the library, with all that is behind it");
  CLI::Option* const scenario = shop->add_option("--scenario", options->scenario,
                                                 "Play this scenario; exit 0 only if its expectations hold")
                                    ->type_name("FILE")
                                    ->check(shell::not_empty());
  shop->add_option("--for", options->length,
                   "End after this time, e.g. 20s; exit 0 only if no order was lost")
      ->check(CLI::Validator(check_run_length, "DURATION"))
      ->excludes(scenario);
  shop->add_option("--rate", options->rate, "Calls a second")
      ->check(shell::number(0.1, 1000))
      ->capture_default_str()
      ->excludes(scenario);
  shop->add_option("--policies", options->policies, "A policy file; default: examples/shop/shop.yaml")
      ->type_name("FILE")
      ->check(shell::not_empty());
  shop->add_option("--port", options->port, "Port of the shop; 0: the system chooses")
      ->check(port())
      ->capture_default_str();
  shop->add_option("--admin-port", options->admin_port, "Port of its dashboard; 0: the system chooses")
      ->check(port())
      ->capture_default_str();
  CLI::Option* const seed =
      shop->add_option("--seed", options->seed, "Of calls and faults; default: the scenario's, or 1")
          ->check(shell::whole_number());
  shop->add_flag("--stand-ins", *stand_ins,
                 "Use none of PostgreSQL, Redis and aiosmtpd, even where they are installed");
  shop->callback([options, seed, stand_ins, &exit_code] {
    options->seed_given = seed->count() > 0;
    if (*stand_ins) options->behind = Behind::stand_ins;
    exit_code = run_shop(*options);
  });
}

}  // namespace

void add_shop_command(CLI::App& app, int& exit_code) {
  add_run(app, exit_code);
  add_process(app, exit_code);
}

}  // namespace switchgear::shop
