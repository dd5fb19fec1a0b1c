#include "app/shop/shop_command.hpp"

#include <CLI/CLI.hpp>
#include <limits>
#include <memory>
#include <string>

#include "app/shell/checks.hpp"
#include "app/shop/shop_process.hpp"
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
  one->add_option("--port", options->port)->check(port())->capture_default_str();
  one->add_option("--admin-port", options->admin_port)->check(port())->capture_default_str();
  one->add_option("--order-time", options->order_time)->check(CLI::Validator(check_length, "DURATION"));
  one->add_option("--seed", options->seed)->check(shell::whole_number())->capture_default_str();
  one->callback([options, &exit_code] { exit_code = run_shop_process(*options); });
}

}  // namespace

void add_shop_command(CLI::App& app, int& exit_code) { add_process(app, exit_code); }

}  // namespace switchgear::shop
