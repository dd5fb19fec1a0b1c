// An engine in manual time, with circuits that do what a test says.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "app/alert/incident/engine.hpp"

namespace switchgear::alert {

/// With one channel, `hook`.
inline AlertPlan plan_of(std::vector<AlertRule> rules) {
  AlertPlan plan;
  plan.rules = std::move(rules);
  plan.channels["hook"] = {};
  return plan;
}

class Alerting {
 public:
  explicit Alerting(std::vector<AlertRule> rules) : Alerting(plan_of(std::move(rules))) {}
  explicit Alerting(AlertPlan plan) { engine_.configure(std::move(plan), now_); }

  void configure(AlertPlan plan) { engine_.configure(std::move(plan), now_); }
  void change(const std::string& circuit, State to, const std::string& evidence = {}) {
    circuits_[circuit].state = to;
    engine_.changed({circuit, to, now_, evidence}, circuits_[circuit].labels);
  }
  void calls(const std::string& circuit, std::uint64_t succeeded, std::uint64_t failed,
             std::uint64_t rejected = 0) {
    CallsSeen& totals = circuits_[circuit].totals;
    totals.succeeded += succeeded;
    totals.failed += failed;
    totals.rejected += rejected;
  }
  /// Calls that succeeded and took so long, all together.
  void took(const std::string& circuit, std::uint64_t succeeded, Duration length) {
    calls(circuit, succeeded, 0);
    circuits_[circuit].totals.took += length;
  }
  void restart_totals(const std::string& circuit) { circuits_[circuit].totals = {}; }
  void label(const std::string& circuit, Labels labels) { circuits_[circuit].labels = std::move(labels); }
  void remove(const std::string& circuit) { circuits_.erase(circuit); }
  void silence(const std::string& circuit, const std::string& rule, Duration length) {
    Silence silence;
    silence.circuit = circuit;
    silence.rule = rule;
    silence.until = now_ + length;
    (void)engine_.silence(silence, now_);
  }
  bool acknowledge(const std::string& rule, const std::string& circuit) {
    for (const Incident& incident : engine_.incidents()) {
      if (incident.rule == rule && incident.circuit == circuit)
        return engine_.acknowledge(incident.id, "test", now_);
    }
    return false;
  }

  /// Looks every second, for that long; a day is looked at every minute. Returns the messages, one a line:
  /// `CHANNEL TELLING TEXT; TEXT`.
  std::vector<std::string> after(Duration length) {
    std::vector<std::string> lines;
    const Moment end = now_ + length;
    const Duration step = std::min<Duration>(
        length > std::chrono::hours{12} ? std::chrono::minutes{1} : std::chrono::seconds{1}, length);
    while (now_ < end) {
      for (const Message& message : messages_after(step)) lines.push_back(line_of(message));
    }
    return lines;
  }
  /// Looks once.
  std::vector<Message> messages_after(Duration length) {
    now_ += length;
    std::vector<Sighting> seen;
    for (auto& [name, circuit] : circuits_) {
      circuit.circuit = name;
      seen.push_back(circuit);
    }
    engine_.look(seen, now_);
    Changes changes = engine_.take(now_);
    for (const Incident& incident : changes.put) kept_[incident.id] = incident;
    for (const std::string& id : changes.removed) kept_.erase(id);
    return std::move(changes.messages);
  }
  std::vector<std::string> stages() {
    std::vector<std::string> lines;
    for (const Incident& incident : engine_.incidents())
      lines.push_back(incident.rule + " " + incident.circuit + " " + std::string{to_string(incident.stage)});
    return lines;
  }

  /// The machine's clock is set to a time that much later.
  void set_clock(Duration by) {
    now_ += by;
    engine_.clock_was_set(by);
  }

  /// What was kept of another one; `clock`: how far the wall clock is off meanwhile.
  void go_on_from(const Alerting& other, Duration clock = {}) {
    now_ = other.now_ + clock;
    std::vector<Incident> incidents;
    for (const auto& [id, incident] : other.kept_) incidents.push_back(incident);
    for (const auto& [name, circuit] : other.circuits_)
      circuits_[name] = {name, State::closed, {}, circuit.labels};
    engine_.restore(std::move(incidents), {}, now_);
  }

 private:
  static std::string line_of(const Message& message) {
    std::string line = message.channel + " " + std::string{to_string(message.telling)} + " ";
    for (const Alert& alert : message.alerts)
      line += (&alert == message.alerts.data() ? "" : "; ") + alert.text;
    return line;
  }

  Engine engine_;
  Moment now_{std::chrono::hours{24} * 20'000};
  std::map<std::string, Sighting> circuits_;
  std::map<std::string, Incident> kept_;
};

}  // namespace switchgear::alert
