#include "switchgear/telemetry/breaker_metrics.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "switchgear/observe/call_durations.hpp"
#include "switchgear/observe/transition_log.hpp"
#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/registry/breaker_registry.hpp"

namespace switchgear::telemetry {
namespace {

/// So that `max()` over breakers is the worst of them.
double state_code(State state) {
  switch (state) {
    case State::open:
    case State::forced_open:
      return 2;
    case State::half_open:
      return 1;
    case State::closed:
    case State::disabled:
      return 0;
  }
  return 0;
}

Label label(const char* name, std::string_view value) { return {name, std::string{value}}; }

void add_state(MetricFamilies& to, const BreakerSnapshot& seen, const Label& circuit) {
  for (const State each : states) {
    to.gauge("circuit_breaker_state", "1 for the state the circuit breaker is in, 0 for the others.",
             {circuit, label("state", to_string(each))}, each == seen.state ? 1.0 : 0.0);
  }
  to.gauge("circuit_breaker_state_code",
           "State as a number: 0 closed or disabled, 1 half-open, 2 open or forced open.", {circuit},
           state_code(seen.state));
  to.gauge("circuit_breaker_failure_ratio", "Failures / calls in the sliding window.", {circuit},
           seen.window.failure_rate());
  to.gauge("circuit_breaker_slow_call_ratio", "Slow calls / calls in the sliding window.", {circuit},
           seen.window.slow_rate());
  to.counter("switchgear_circuit_breaker_open_seconds_total", "Time spent open.", {circuit},
             to_seconds(seen.time_open));
  to.gauge("switchgear_circuit_breaker_retry_after_seconds", "What is left of the current opening, else 0.",
           {circuit}, seen.retry_after ? to_seconds(*seen.retry_after) : 0.0);
  to.gauge("switchgear_circuit_breaker_metrics_only", "1 when the breaker is in the mode metrics_only.",
           {circuit}, seen.metrics_only ? 1.0 : 0.0);
}

void add_adapted(MetricFamilies& to, const AdaptedFigures& adapted, const Label& circuit) {
  if (adapted.consecutive_failures > 0) {
    to.gauge("switchgear_adaptive_consecutive_failures",
             "Failures in a row that open an adaptive circuit breaker now.", {circuit},
             adapted.consecutive_failures);
  }
  to.gauge("switchgear_adaptive_open_duration_seconds",
           "How long an adaptive circuit breaker would open now, before its backoff.", {circuit},
           to_seconds(adapted.open_duration));
}

void add_ramp(MetricFamilies& to, const RampFigures& ramp, const Label& circuit) {
  to.gauge("switchgear_ramp_share", "Share of the calls that a controlled ramp admits.", {circuit},
           ramp.share);
  to.gauge("switchgear_ramp_safe_share", "The last share of a controlled ramp that was safe.", {circuit},
           ramp.safe_share);
}

void add_level(MetricFamilies& to, const LevelFigures& level, const Label& circuit) {
  to.gauge("switchgear_circuit_breaker_level",
           "Level of a multi-level circuit breaker: 1 warning, 2 critical, 3 emergency.", {circuit},
           static_cast<double>(level.level) + 1);
  to.counter("switchgear_circuit_breaker_escalations_total", "Times it went one level up.", {circuit},
             level.escalations);
  to.counter("switchgear_circuit_breaker_descents_total", "Times it came one level down.", {circuit},
             level.descents);
}

void add_calls(MetricFamilies& to, const CallTotals& totals, const Label& circuit) {
  const auto result = [&](std::string_view name, std::uint64_t count) {
    to.counter("circuit_breaker_calls_total",
               "Calls by result. The results exclude each other: a slow success counts as slow_success only.",
               {circuit, label("result", name)}, count);
  };
  result("success", totals.plain_successes);
  result("failure", totals.plain_failures);
  result("slow_success", totals.slow_successes);
  result("slow_failure", totals.slow_failures);
  result("ignored", totals.ignored);
  result("rejected", totals.rejected);
  for (const FailureType type : failure_types) {
    to.counter("circuit_breaker_failures_total", "Failed calls by type of failure, slow ones included.",
               {circuit, label("type", to_string(type))},
               totals.failures_by_type[static_cast<std::size_t>(type)]);
  }
  for (const Reason reason : breaker_rejection_reasons) {
    to.counter("switchgear_circuit_breaker_rejections_total", "Refused calls by reason.",
               {circuit, label("reason", to_string(reason))},
               totals.rejected_by_reason[static_cast<std::size_t>(reason)]);
  }
  to.counter("switchgear_circuit_breaker_would_reject_total",
             "Calls that passed only because the breaker is in the mode metrics_only.", {circuit},
             totals.would_reject);
  to.counter("switchgear_circuit_breaker_late_results_total",
             "Results of calls admitted before the last change of state.", {circuit}, totals.late);
}

/// The machine's own transitions from the start, so that a graph has a zero to rise from; an operator's once
/// they were seen.
void add_transitions(MetricFamilies& to, const TransitionCounts& counts, const Label& circuit) {
  const auto always = [](State from, State next) {
    return (from == State::closed && next == State::open) ||
           (from == State::open && next == State::half_open) ||
           (from == State::half_open && (next == State::open || next == State::closed));
  };
  for (const State from : states) {
    for (const State next : states) {
      const std::uint64_t count = counts[static_cast<std::size_t>(from)][static_cast<std::size_t>(next)];
      if (count == 0 && !always(from, next)) continue;
      to.counter("circuit_breaker_transitions_total", "Changes of state.",
                 {circuit, label("from", to_string(from)), label("to", to_string(next))}, count);
    }
  }
}

void add_durations(MetricFamilies& to, const char* name, const char* help, const Label& whose,
                   const ServiceDurations& durations) {
  to.histogram(name, help, {whose, label("result", "success")}, durations.success);
  to.histogram(name, help, {whose, label("result", "failure")}, durations.failure);
}

}  // namespace

void add_breakers(MetricFamilies& to, const BreakerRegistry& registry, TimePoint now,
                  const BreakerLogs& logs) {
  for (const NamedSnapshot& each : registry.snapshots(now)) {
    const Label circuit = label("circuit", each.name);
    add_state(to, each.snapshot, circuit);
    if (each.snapshot.adapted) add_adapted(to, *each.snapshot.adapted, circuit);
    if (each.snapshot.ramp) add_ramp(to, *each.snapshot.ramp, circuit);
    if (each.snapshot.level) add_level(to, *each.snapshot.level, circuit);
    add_calls(to, each.snapshot.totals, circuit);
    if (logs.transitions != nullptr) add_transitions(to, logs.transitions->counts(each.name), circuit);
    const auto durations = logs.durations ? logs.durations->find(each.name) : nullptr;
    if (durations != nullptr) {
      add_durations(to, "circuit_breaker_call_duration_seconds", "How long admitted calls took.", circuit,
                    {durations->success.snapshot(), durations->failure.snapshot()});
    }
  }
  if (logs.durations == nullptr) return;
  logs.durations->for_each_service([&](const std::string& name, const ServiceDurations& durations) {
    add_durations(to, "switchgear_call_duration_seconds",
                  "How long calls to a service took, with or without a breaker.", label("service", name),
                  durations);
  });
}

}  // namespace switchgear::telemetry
