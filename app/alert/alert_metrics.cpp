#include "app/alert/alert_metrics.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace switchgear::alert {

namespace {

void add_firing(telemetry::MetricFamilies& to, const Alerts::Status& status) {
  std::map<std::pair<std::string_view, std::string_view>, std::size_t> firing;  // by rule and severity
  for (const Alerts::Shown& shown : status.incidents) {
    if (shown.incident.stage == Stage::firing)
      ++firing[{shown.incident.rule, to_string(shown.incident.severity)}];
  }
  for (const auto& [of, count] : firing) {
    to.gauge("switchgear_alerts_firing", "Incidents that fire.",
             {{"rule", std::string{of.first}}, {"severity", std::string{of.second}}},
             static_cast<double>(count));
  }
}

void add_channel(telemetry::MetricFamilies& to, const Alerts::ChannelStatus& channel) {
  const telemetry::Label name{"channel", channel.name};
  to.gauge("switchgear_alert_messages_waiting", "Messages that wait to be delivered.", {name},
           static_cast<double>(channel.waiting));
  const auto count = [&](const char* result, std::uint64_t value) {
    to.counter("switchgear_alert_deliveries_total",
               "Messages by what became of them. failed: attempts that are tried again; refused and dropped: "
               "never told.",
               {name, {"result", result}}, value);
  };
  count("delivered", channel.counts.delivered);
  count("failed", channel.counts.failed);
  count("refused", channel.counts.refused);
  count("dropped", channel.counts.dropped);
}

}  // namespace

void add_alerts(telemetry::MetricFamilies& to, const Alerts::Status& status) {
  add_firing(to, status);
  for (const Alerts::ChannelStatus& channel : status.channels) add_channel(to, channel);
  to.counter(
      "switchgear_alert_store_errors_total",
      "Writes of alerts to the history that failed. They are tried again; until then a restart may tell "
      "alerts again.",
      {}, status.store_errors);
  to.counter("switchgear_alert_events_lost_total",
             "Events that came too fast for the alerts; changes of state among them do not count.", {},
             status.events_lost);
  to.counter(
      "switchgear_alerts_not_begun_total",
      "How often a rule held and no incident began, because 10,000 incidents are open; one a second for "
      "each rule and circuit.",
      {}, status.not_begun);
}

}  // namespace switchgear::alert
