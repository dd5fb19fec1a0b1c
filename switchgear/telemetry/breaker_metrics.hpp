// The circuit breakers of a registry as metric families. Names and labels are a contract with users'
// dashboards (docs/admin-api.md).
#pragma once

#include "switchgear/core/time.hpp"
#include "switchgear/telemetry/metric_families.hpp"

namespace switchgear {
class BreakerRegistry;
class CallDurations;
class TransitionLog;
}  // namespace switchgear

namespace switchgear::telemetry {

/// What a registry does not know by itself. What is null is left out.
struct BreakerLogs {
  const TransitionLog* transitions = nullptr;
  const CallDurations* durations = nullptr;
};

/// Adds `circuit_breaker_*` and `switchgear_circuit_breaker_*` of every breaker, and the durations of every
/// circuit. `now`: the time of this scrape by the breakers' clock, on which the content of a time window
/// depends. Threads: any; no call waits for it.
void add_breakers(MetricFamilies& to, const BreakerRegistry& registry, TimePoint now,
                  const BreakerLogs& logs = {});

}  // namespace switchgear::telemetry
