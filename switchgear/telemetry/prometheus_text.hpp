// Metric families as Prometheus reads them.
#pragma once

#include <string>
#include <string_view>

#include "switchgear/core/time.hpp"
#include "switchgear/telemetry/metric_families.hpp"

namespace switchgear {
class BreakerRegistry;
class PolicyRegistry;
}  // namespace switchgear

namespace switchgear::telemetry {

/// The `Content-Type` of a response that carries prometheus_text().
inline constexpr std::string_view prometheus_content_type = "text/plain; version=0.0.4; charset=utf-8";

/// Prometheus' text format, 0.0.4.
[[nodiscard]] std::string prometheus_text(const MetricFamilies& families);

/// Everything a registry knows by itself, at `now` by the breakers' clock:
///
///     std::string page = telemetry::prometheus_text(registry);
///
/// Durations and counts of transitions need their logs: add_breakers() in breaker_metrics.hpp.
/// Threads: any; no call waits for it.
[[nodiscard]] std::string prometheus_text(const BreakerRegistry& registry, TimePoint now);
/// The same, and the totals of all other policies: add_policies() in policy_metrics.hpp.
[[nodiscard]] std::string prometheus_text(const PolicyRegistry& registry, TimePoint now);
/// `now` of std::chrono::steady_clock.
[[nodiscard]] std::string prometheus_text(const BreakerRegistry& registry);
[[nodiscard]] std::string prometheus_text(const PolicyRegistry& registry);

}  // namespace switchgear::telemetry
