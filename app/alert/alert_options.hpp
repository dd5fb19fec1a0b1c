// alerts: the section of the configuration.
#pragma once

#include <string>
#include <vector>

#include "app/alert/channel/channel_options.hpp"
#include "app/alert/incident/engine.hpp"
#include "switchgear/config/own_sections.hpp"

namespace switchgear::alert {

/// What the section says. Without one: the shipped rules, and no channel to tell.
struct AlertOptions {
  AlertOptions();
  std::string instance;  ///< which gateway it is; empty: the name of the host
  std::vector<ChannelOptions> channels;
  std::vector<AlertRule> rules;  ///< the shipped ones among them
  std::vector<Inhibition> inhibitions;
  std::vector<Silence> silences;
  std::vector<std::string> group_by{"rule"};
  Duration group_wait{};

  [[nodiscard]] AlertPlan plan() const;
};

[[nodiscard]] AlertOptions read_alerts(const config::Value& value, const config::FileContext& context);

/// A service's alert says what those of its parts (instances, tenants) would say; the fleet's, those of each
/// node.
[[nodiscard]] std::vector<Inhibition> shipped_inhibitions();

}  // namespace switchgear::alert
