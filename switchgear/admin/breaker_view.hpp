// One breaker as JSON: what the API, the event stream, the dashboard and the commands of the binary all show.
// Never here: HTTP.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "switchgear/admin/breaker_look.hpp"
#include "switchgear/core/state.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/observe/evidence_text.hpp"
#include "switchgear/observe/rate_meter.hpp"
#include "switchgear/observe/transition_log.hpp"
#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/registry/breaker_registry.hpp"

namespace switchgear::admin {

/// `2026-03-01T12:00:00.123Z`.
[[nodiscard]] std::string iso8601(WallAnchor::Wall at);

/// Of a LoggedRamp or RampFigures: the share of a controlled ramp, and the step that says so.
template <class Ramp>
[[nodiscard]] boost::json::object ramp_json(const Ramp& ramp) {
  return {{"share", ramp.share},
          {"safe_share", ramp.safe_share},
          {"hold", ramp.hold},
          {"calls", ramp.calls},
          {"failed", ramp.failed}};
}

/// Where a multi-level breaker has gone, and why.
[[nodiscard]] boost::json::object level_change_json(const LevelChange& change, const WallAnchor& anchor);

/// Of a LoggedAdapted or AdaptedFigures: what an adaptive breaker goes by, and why.
template <class Adapted>
[[nodiscard]] boost::json::object adapted_json(const Adapted& adapted) {
  boost::json::object made{
      {"consecutive_failures", nullptr}, {"open_duration", to_seconds(adapted.open_duration)},
      {"samples", adapted.samples},      {"failure_rate", adapted.failure_rate},
      {"mean_latency", nullptr},         {"text", adapted_text(adapted)}};
  if (adapted.consecutive_failures > 0) made["consecutive_failures"] = adapted.consecutive_failures;
  if (adapted.mean_latency) made["mean_latency"] = to_seconds(*adapted.mean_latency);
  return made;
}

/// `{"from","to","at","generation","rule","value","threshold","window","last_failure"}`.
[[nodiscard]] boost::json::object transition_json(const LoggedTransition& transition,
                                                  const WallAnchor& anchor);

/// The options under the names that configuration has for them; lengths of time in seconds, what is not set
/// null.
[[nodiscard]] boost::json::object options_json(const CircuitBreakerOptions& options);

[[nodiscard]] boost::json::object totals_json(const CallTotals& totals);

/// Every breaker of a registry, with the rates, which need repeated snapshots. Threads: one at a time.
class BreakerViews {
 public:
  BreakerViews(const BreakerRegistry& registry, const TransitionLog& transitions);

  /// Takes a sample of every breaker's totals for its rates; to be called several times a second.
  void sample(TimePoint now);

  [[nodiscard]] boost::json::object of(const CircuitBreaker& breaker, TimePoint now) const;
  /// What of() would be made from at this moment, beside the transitions.
  [[nodiscard]] BreakerLook look(const CircuitBreaker& breaker, TimePoint now) const;
  /// The view that was looked at.
  [[nodiscard]] boost::json::object of(const CircuitBreaker& breaker, const BreakerLook& look) const;
  [[nodiscard]] const BreakerRegistry& registry() const noexcept { return registry_; }
  [[nodiscard]] const TransitionLog& transitions() const noexcept { return transitions_; }

 private:
  const BreakerRegistry& registry_;
  const TransitionLog& transitions_;
  std::map<std::string, RateMeter, std::less<>> meters_;
};

}  // namespace switchgear::admin
