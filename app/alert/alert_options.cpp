#include "app/alert/alert_options.hpp"

#include <unistd.h>

#include <array>

#include "app/alert/channel/channel.hpp"
#include "app/alert/rules/shipped_rules.hpp"

namespace switchgear::alert {

namespace {

[[nodiscard]] std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "switchgear";
  return name.data();
}

}  // namespace

AlertOptions::AlertOptions() : rules(shipped_rules()), inhibitions(shipped_inhibitions()) {}

std::vector<Inhibition> shipped_inhibitions() {
  return {{{{"scope", "service"}, {"rule", "open*"}}, {{"scope", "part"}}, {"service"}},
          {{{"scope", "fleet"}}, {{"scope", "node"}}, {"circuit"}}};
}

AlertPlan AlertOptions::plan() const {
  AlertPlan plan;
  plan.instance = instance.empty() ? host_name() : instance;
  plan.rules = rules;
  plan.inhibitions = inhibitions;
  plan.silences = silences;
  for (const ChannelOptions& channel : channels) plan.channels.emplace(channel.name, terms_of(channel));
  plan.group_by = group_by;
  plan.group_wait = group_wait;
  return plan;
}

}  // namespace switchgear::alert
