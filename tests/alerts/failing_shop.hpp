// A gateway whose one service, payment, fails when a test says so.
#pragma once

#include <atomic>
#include <string>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {

class FailingShop {
 public:
  FailingShop()
      : service_(Upstream::answering([this](const Message&) {
          return fails ? std::string{"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"}
                       : ok();
        })) {}

  /// A policy file with one rule, `opened`, which tells the channels `names`. `channels`: in YAML, indented
  /// by two. The rules that ship are left out: how often a test calls, and what they make of it, depends on
  /// the machine.
  [[nodiscard]] std::string config(const std::string& channels, const std::string& names = "hook",
                                   const std::string& gateway = "") const {
    return with_alerts("  defaults: false\n" + channels +
                           "  rules: [{name: opened, when: {opened: true}, severity: info, notify: [" +
                           names + "], message: \"{{circuit}} {{evidence}}\"}]\n",
                       gateway);
  }
  /// A policy file with `alerts`, indented by two, and further keys of `gateway`.
  [[nodiscard]] std::string with_alerts(const std::string& alerts, const std::string& gateway = "") const {
    return config_text({{"payment", service_.port(), "/", "guarded"}},
                       "  guarded: {circuit_breaker: {consecutive_failures: 3, open_duration: 1s, "
                       "half_open: {permitted_calls: 1}}}\n",
                       gateway) +
           "alerts:\n  instance: gw\n" + alerts;
  }

  /// Calls it until its breaker is in that state; false when patience ends.
  [[nodiscard]] bool drive(const GatewayProcess& gateway, const std::string& state) {
    fails = state == "open";
    return eventually([&] {
      (void)gateway.get("/");
      return gateway.state("payment") == state;
    });
  }

  std::atomic<bool> fails{false};

 private:
  Upstream service_;
};

}  // namespace switchgear::wire
