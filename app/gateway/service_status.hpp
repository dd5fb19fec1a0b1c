// What one service's policies and connections do now, as JSON for `GET /status` (docs/gateway.md).
#pragma once

#include <boost/json/object.hpp>

#include "app/gateway/worker.hpp"

namespace switchgear::gateway {

/// From snapshots: no call waits for it. Policies that the service does not have are left out.
[[nodiscard]] boost::json::object service_status(const PolicySet& set, const InstanceSet& instances,
                                                 const WorkerCounts::OfService& counts,
                                                 const CircuitDurations& durations, TimePoint now);

}  // namespace switchgear::gateway
