// What the action of an Envoy route says about one call: limits, retries, hedges.
#pragma once

#include <optional>

#include "app/interop/fields.hpp"
#include "app/interop/imported.hpp"

namespace switchgear::interop {

/// Reads them into the policy of `service`. `retries_of_host`: the retry policy of the virtual host, for a
/// route without one.
void import_envoy_calls(Fields& action, const std::optional<Value>& retries_of_host,
                        ImportedService& service);

}  // namespace switchgear::interop
