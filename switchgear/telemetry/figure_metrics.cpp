#include "switchgear/telemetry/figure_metrics.hpp"

#include <cstdint>
#include <optional>

namespace switchgear::telemetry {
namespace {

using figures::Figures;

/// The gauges of one circuit.
class Gauges {
 public:
  Gauges(MetricFamilies& to, const std::string& circuit) : to_(to), circuit_{"circuit", circuit} {}

  void add(const char* name, const char* help, std::optional<double> value) const {
    if (value) to_.gauge(name, help, {circuit_}, *value);
  }
  void add(const char* name, const char* help, std::optional<double> value, const Label& further) const {
    if (value) to_.gauge(name, help, {circuit_, further}, *value);
  }

 private:
  MetricFamilies& to_;
  const Label circuit_;
};

std::optional<double> number(std::optional<std::uint64_t> count) {
  return count ? std::optional{static_cast<double>(*count)} : std::nullopt;
}

std::optional<double> seconds(std::optional<Duration> length) {
  return length ? std::optional{to_seconds(*length)} : std::nullopt;
}

std::optional<double> value(const std::optional<figures::Quantile>& quantile) {
  return quantile ? std::optional{to_seconds(quantile->value)} : std::nullopt;
}

void add_openings(const Gauges& to, const Figures& of) {
  to.add("switchgear_circuit_openings", "Openings.", static_cast<double>(of.opened.size()));
  to.add("switchgear_circuit_doubtful_openings", "Openings after which the service was well at first look.",
         number(of.doubtful_openings));
  to.add("switchgear_circuit_false_positive_ratio", "Doubtful openings / openings that can be judged.",
         of.false_positive_rate);
  to.add("switchgear_circuit_mean_time_to_recovery_seconds", "From opening to closing, on average.",
         seconds(of.mean_time_to_recovery));
  to.add("switchgear_circuit_time_saved_seconds", "What refused calls did not have to wait.",
         seconds(of.time_saved));
  to.add("switchgear_circuit_cascades_prevented", "Openings that kept the callers from being stuck.",
         number(of.cascades_prevented));
  to.add("switchgear_circuit_transitions_per_hour", "Changes of state per hour.", of.transitions_per_hour);
  to.add("switchgear_circuit_flapping", "1 after more than 5 changes of state within an hour.",
         of.flapping ? 1 : 0);
  to.add("switchgear_circuit_flap_ratio", "Changes of state in the last 200 s, newer ones weighing more.",
         of.flap_percentage / 100);
}

void add_business(const Gauges& to, const figures::Business& of) {
  const Label currency{"currency", of.currency};
  to.add("switchgear_circuit_business_at_risk", "Value of failed and refused calls.", of.at_risk, currency);
  to.add("switchgear_circuit_business_protected", "Value of these that a fallback or a queue answered.",
         of.protected_, currency);
}

}  // namespace

void add_figures(MetricFamilies& to, const std::string& circuit, const Figures& of) {
  const Gauges gauges{to, circuit};
  gauges.add("switchgear_circuit_health_score", "0 to 100: state, success rate, recent openings.",
             of.health_score);
  gauges.add("switchgear_circuit_success_ratio", "Successes / calls that were let through.", of.success_rate);
  gauges.add("switchgear_circuit_effectiveness_score", "0 to 100: protection, availability, stability.",
             of.effectiveness ? std::optional{of.effectiveness->mean()} : std::nullopt);
  add_openings(gauges, of);
  gauges.add("switchgear_circuit_fallback_success_ratio", "Fallbacks that answered / all fallbacks.",
             of.fallback_success_rate);
  gauges.add("switchgear_circuit_availability_gained_ratio", "Calls answered by fallbacks / all calls.",
             of.availability_gained);
  gauges.add("switchgear_circuit_latency_p50_seconds", "How long half of the calls took, at most.",
             value(of.p50));
  gauges.add("switchgear_circuit_latency_p95_seconds", "The same of 95% of the calls.", value(of.p95));
  gauges.add("switchgear_circuit_latency_p99_seconds", "The same of 99% of the calls.", value(of.p99));
  gauges.add("switchgear_circuit_apdex", "0 to 1: how satisfied the callers are with latencies.", of.apdex);
  if (of.business) add_business(gauges, *of.business);
}

}  // namespace switchgear::telemetry
