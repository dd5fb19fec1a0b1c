// services.*.kind and services.*.agent: a service that is an agent.
#pragma once

#include "switchgear/config/config.hpp"
#include "switchgear/config/section.hpp"

namespace switchgear::config {

/// Reads `kind`, and `agent`, which only a service of kind a2a may have.
void read_kind(Section& section, Service& service);

}  // namespace switchgear::config
