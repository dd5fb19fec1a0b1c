// experiment: other policies that are tried beside the one in force.
#pragma once

#include "switchgear/config/config.hpp"
#include "switchgear/config/policy_names.hpp"
#include "switchgear/config/section.hpp"

namespace switchgear::config {

/// `service` has its policy already.
void read_experiment(const Value& value, Service& service, PolicyNames& policies);

}  // namespace switchgear::config
