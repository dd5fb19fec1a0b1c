// GET /fleet, POST /fleet/{name}/force-open?for=, POST /fleet/{name}/release.
#pragma once

#include <vector>

#include "app/fleet/membership.hpp"
#include "switchgear/admin/added_resource.hpp"

namespace switchgear::fleet {

/// `membership` must outlive them. None of them waits for Redis.
[[nodiscard]] std::vector<admin::AddedResource> fleet_resources(const Membership& membership);

}  // namespace switchgear::fleet
