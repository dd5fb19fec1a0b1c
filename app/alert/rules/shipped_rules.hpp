// The rules that ship with the gateway.
#pragma once

#include <vector>

#include "app/alert/rules/alert_rule.hpp"

namespace switchgear::alert {

/// Without `notify`: whom they tell is for the configuration to say.
[[nodiscard]] std::vector<AlertRule> shipped_rules();

}  // namespace switchgear::alert
