// Which requests an Envoy route takes.
#pragma once

#include <optional>

#include "app/interop/fields.hpp"
#include "app/interop/path_conditions.hpp"

namespace switchgear::interop {

/// Empty, and accounted for: it asks for what a route of ours cannot ask for.
[[nodiscard]] std::optional<Condition> import_envoy_match(const Value& match, Ledger& ledger);

/// `prefix_rewrite` and `regex_rewrite` of a route's action. False: the route cannot be had.
[[nodiscard]] bool import_envoy_rewrite(Fields& action, Condition& condition);

/// `upgrade_configs` of a route's action.
void import_envoy_upgrades(Fields& action, Condition& condition);

}  // namespace switchgear::interop
