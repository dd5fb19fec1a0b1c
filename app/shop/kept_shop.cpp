#include "app/shop/kept_shop.hpp"

#include <chrono>
#include <vector>

#include "app/stage/stop_signal.hpp"
#include "switchgear/http/blocking_client.hpp"
#include "switchgear/http/error.hpp"

namespace switchgear::shop {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 20s;
constexpr auto between_looks = 20ms;

std::vector<std::string> words_of(const ShopNeeds& needs) {
  std::vector<std::string> words{"shop-service"};
  const auto add = [&](const std::string& option, const std::string& value) {
    if (value.empty()) return;
    words.push_back("--" + option);
    words.push_back(value);
  };
  add("policies", needs.policies);
  add("port", std::to_string(needs.port));
  add("admin-port", std::to_string(needs.admin_port));
  add("seed", std::to_string(needs.seed));
  add("database", needs.database);
  add("redis", needs.redis);
  add("smtp", needs.smtp);
  for (const auto& [service, url] : needs.urls) add(service, url);
  return words;
}

std::string on_ports(const ShopNeeds& needs) {
  std::string text;
  for (const std::uint16_t port : {needs.port, needs.admin_port}) {
    if (port != 0) text += (text.empty() ? " on port " : " and ") + std::to_string(port);
  }
  return text;
}

}  // namespace

KeptShop::KeptShop(stage::Workplace& workplace, ShopNeeds needs, stage::StopSignal& stop)
    : process_(workplace, "shop", "shop ready ") {
  const std::string ready = process_.start(words_of(needs), on_ports(needs));
  needs.port = port_ = stage::number_after(ready, "port=");
  needs.admin_port = admin_port_ = stage::number_after(ready, "admin=");
  process_.start_again_with(words_of(needs), on_ports(needs));
  wait_until_ready(stop);
}

/// Its tables are made, so it takes orders.
void KeptShop::wait_until_ready(stage::StopSignal& stop) {
  http::BlockingClient client{admin_url()};
  const auto until = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < until) {
    try {
      if (client.get("/readyz").ok()) return;
    } catch (const http::Error&) {  // NOLINT(bugprone-empty-catch): it has just begun to listen
    }
    if (!process_.running()) process_.broken("ended by itself");
    if (stop.wait_for(between_looks)) return;
  }
  process_.broken("is not ready");
}

std::string KeptShop::url() const { return "http://127.0.0.1:" + std::to_string(port_); }
std::string KeptShop::admin_url() const { return "http://127.0.0.1:" + std::to_string(admin_port_); }

}  // namespace switchgear::shop
