// Resources of the admin API for breakers by value: one value's breaker, and an operator's commands to it.
#pragma once

#include <vector>

#include "app/gateway/gateway.hpp"
#include "switchgear/admin/added_resource.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear::serve {

/// `GET /circuit-breakers/{name}/by-value?value=…`, and a POST below it for each command. The value is in the
/// query, because clients resolve `..` in a path, and because a server that does not know the path answers
/// 404 and does not command the breaker of all values. `gateway` must outlive them.
[[nodiscard]] std::vector<admin::AddedResource> value_resources(const gateway::Gateway& gateway,
                                                                const WallAnchor& anchor);

}  // namespace switchgear::serve
