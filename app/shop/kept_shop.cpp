#include "app/shop/kept_shop.hpp"

#include <chrono>
#include <utility>
#include <vector>

#include "app/stage/stop_signal.hpp"
#include "switchgear/http/blocking_client.hpp"
#include "switchgear/http/error.hpp"

namespace switchgear::shop {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 20s;
constexpr auto between_looks = 20ms;
constexpr unsigned most_starts = 10;

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
    : workplace_(workplace), needs_(std::move(needs)) {
  start();
  wait_until_ready(stop);
}

/// Each start has a log of its own.
void KeptShop::start() {
  const std::string name = starts_ == 0 ? "shop" : "shop-" + std::to_string(starts_ + 1);
  ++starts_;
  stage::Started started = workplace_.start(name, words_of(needs_), "shop ready ", on_ports(needs_));
  process_ = std::move(started.process);
  needs_.port = stage::number_after(started.ready, "port=");
  needs_.admin_port = stage::number_after(started.ready, "admin=");
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
    if (!process_->running()) workplace_.broken(*process_, "ended by itself");
    if (stop.wait_for(between_looks)) return;
  }
  workplace_.broken(*process_, "is not ready");
}

std::optional<std::string> KeptShop::look() {
  if (process_->running()) return std::nullopt;
  if (starts_ == most_starts) workplace_.broken(*process_, "ends again and again");
  const std::string how = process_->how_it_ended();
  std::string text = "was ended (" + how + "), and is started again";
  if (!process_->was_told_to_end()) {
    failed_ = true;
    workplace_.keep();
    text =
        "ended by itself (" + how + "), and is started again; logs are in " + workplace_.directory().string();
  }
  start();
  return text;
}

std::string KeptShop::end_and_start_again() {
  failed_ = true;
  process_->end();
  start();
  return "did not answer: it was ended, and is started again";
}

std::string KeptShop::url() const { return "http://127.0.0.1:" + std::to_string(needs_.port); }
std::string KeptShop::admin_url() const { return "http://127.0.0.1:" + std::to_string(needs_.admin_port); }

}  // namespace switchgear::shop
