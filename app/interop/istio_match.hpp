// Which requests an HTTP route of a VirtualService takes, and what it makes of their paths.
#pragma once

#include <vector>

#include "app/interop/fields.hpp"
#include "app/interop/path_conditions.hpp"

namespace switchgear::interop {

/// The alternatives of `match`, without one that asks for what a route of ours cannot ask for; and `rewrite`.
/// A route without `match` takes all paths.
[[nodiscard]] std::vector<Condition> import_match(Fields& route);

}  // namespace switchgear::interop
