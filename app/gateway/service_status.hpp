// What one service's policies and connections do now, as JSON for `GET /status` (docs/gateway.md).
#pragma once

#include <boost/json/object.hpp>

#include "app/gateway/worker.hpp"

namespace switchgear::gateway {

/// From snapshots: no call waits for it. Policies that the service does not have are left out.
[[nodiscard]] boost::json::object service_status(const PolicySet& set, const InstanceSet& instances,
                                                 const WorkerCounts::OfService& counts,
                                                 const ServiceDurations& durations, TimePoint now);

/// Its member `route_policies` has one of these for each policy that routes of the service have: the name of
/// the policy's breaker (null without one), and the policies as those of a service.
[[nodiscard]] boost::json::object route_policy_status(const PolicySet& set, TimePoint now);

/// One of its member `left_queues`.
[[nodiscard]] boost::json::object left_queue_status(const LeftQueue& left, TimePoint now);

}  // namespace switchgear::gateway
