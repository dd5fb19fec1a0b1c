// The counters of the services' policies, in Prometheus' format.
#pragma once

#include <prometheus/metric_family.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/gateway/service/policy_set.hpp"

namespace switchgear::gateway {

using PolicySets = std::map<std::string, std::shared_ptr<const PolicySet>>;

/// Families of `switchgear_*`, one metric for each service that has the policy; families without a service
/// are left out. A policy that a reload replaced counts from 0 again.
[[nodiscard]] std::vector<prometheus::MetricFamily> policy_metrics(const PolicySets& services, TimePoint now);

}  // namespace switchgear::gateway
