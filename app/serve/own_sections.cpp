#include "app/serve/own_sections.hpp"

#include "app/alert/alert_options.hpp"
#include "app/fleet/fleet_settings.hpp"
#include "app/history/history_section.hpp"
#include "app/otlp/telemetry_section.hpp"
#include "app/serve/log_section.hpp"

namespace switchgear::serve {

config::OwnSections own_sections() {
  config::OwnSections sections;
  sections.add("alerts", alert::read_alerts);
  sections.add("fleet", fleet::read_fleet);
  sections.add("history", history::read_history);
  sections.add("log", read_log);  // behind the history, whose file it must not write to
  sections.add("telemetry", otlp::read_telemetry);
  return sections;
}

}  // namespace switchgear::serve
