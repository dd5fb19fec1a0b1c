// The lists of a scenario's file, one reader each.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/chaos/scenario.hpp"
#include "switchgear/config/section.hpp"

namespace switchgear::chaos {

/// Both need the services and the load that have been read; they put what they find into the scenario.
void read_phases(const config::Value& list, Scenario& scenario);
void read_expectations(const config::Value& list, Scenario& scenario);

/// Reads `key`, the name of a service that is played; the only one there is if the key is absent.
[[nodiscard]] std::string read_service_name(config::Section& section, const Scenario& scenario);

}  // namespace switchgear::chaos
