// A message for the tests of channels.
#pragma once

#include <chrono>
#include <string>

#include "app/alert/incident/message.hpp"

namespace switchgear::alert {

inline Alert alert_of(const std::string& circuit) {
  Alert alert;
  alert.incident = "0123456789abcdef";
  alert.rule = "open_too_long";
  alert.circuit = circuit;
  alert.severity = Severity::high;
  alert.labels = {{"rule", "open_too_long"}, {"circuit", circuit}, {"severity", "high"},
                  {"instance", "gw"},        {"service", circuit}, {"team.name", "checkout"}};
  alert.text = circuit + " has been open for 5m";
  alert.evidence = "open for 5m";
  alert.value = 300;
  alert.runbook = "https://wiki/open";
  alert.starts = std::chrono::sys_days{std::chrono::year{2026} / 3 / 1};
  return alert;
}

/// Of `count` alerts: circuits c0, c1, …
inline Message message_of(Telling telling, std::size_t count = 1) {
  Message message;
  message.id = "fedcba9876543210";
  message.channel = "hook";
  message.telling = telling;
  message.made = std::chrono::sys_days{std::chrono::year{2026} / 3 / 1};
  message.instance = "gw";
  message.group = {{"rule", "open_too_long"}};
  for (std::size_t i = 0; i < count; ++i) {
    message.alerts.push_back(alert_of("c" + std::to_string(i)));
    if (telling == Telling::resolved) message.alerts.back().ends = message.made + std::chrono::minutes{10};
  }
  return message;
}

}  // namespace switchgear::alert
