// Which requests an Envoy route takes.
#pragma once

#include <optional>
#include <string_view>

#include "app/interop/fields.hpp"
#include "app/interop/path_conditions.hpp"

namespace switchgear::interop {

/// Empty, and accounted for: it asks for what a route of ours cannot ask for.
[[nodiscard]] std::optional<Condition> import_envoy_match(const Value& match, Ledger& ledger);

/// `prefix_rewrite` and `regex_rewrite` of a route's action. False: the route cannot be had.
[[nodiscard]] bool import_envoy_rewrite(Fields& action, Condition& condition);

/// Whether `upgrade_configs`, of a route's action or of all routes of a listener, lets WebSocket pass;
/// nothing if it does not say. `to`: what is written where it does.
[[nodiscard]] std::optional<bool> websocket_passes(Fields& fields, std::string_view to);

}  // namespace switchgear::interop
