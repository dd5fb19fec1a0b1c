// What Prometheus scrapes: all breakers as metric families, made at each scrape. Names and labels are a
// contract with users' dashboards (docs/admin-api.md).
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <boost/json/object.hpp>
#include <functional>
#include <string>
#include <vector>

#include "switchgear/core/time.hpp"
#include "switchgear/observe/call_durations.hpp"
#include "switchgear/observe/transition_log.hpp"
#include "switchgear/registry/breaker_registry.hpp"

namespace switchgear::admin {

/// Threads: any.
class BreakerMetrics final : public prometheus::Collectable {
 public:
  /// `clock` gives the time of each collection, on which the content of a time window depends.
  BreakerMetrics(const BreakerRegistry& registry, const TransitionLog& transitions,
                 const CallDurations& durations, std::function<TimePoint()> clock);

  [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const BreakerRegistry& registry_;
  const TransitionLog& transitions_;
  const CallDurations& durations_;
  std::function<TimePoint()> clock_;
};

/// A family of one sample, for what the admin server counts about itself.
[[nodiscard]] prometheus::MetricFamily single_metric(
    const std::string& name, const std::string& help, prometheus::MetricType type, double value,
    std::vector<prometheus::ClientMetric::Label> labels = {});

/// `{family: [{"labels": {…}, "value": n} or {"labels": {…}, "count": n, "sum": s}]}`.
[[nodiscard]] boost::json::object metrics_json(const std::vector<prometheus::MetricFamily>& families);

}  // namespace switchgear::admin
