#include "switchgear/observe/figures/figures.hpp"

#include "switchgear/observe/figures/apdex.hpp"
#include "switchgear/observe/figures/doubtful.hpp"
#include "switchgear/observe/figures/fallbacks.hpp"
#include "switchgear/observe/figures/flapping.hpp"
#include "switchgear/observe/figures/health_score.hpp"
#include "switchgear/observe/figures/recovery.hpp"
#include "switchgear/observe/figures/success_rate.hpp"
#include "switchgear/observe/figures/sums.hpp"

namespace switchgear::figures {

Figures figures_of(const CircuitHistory& history, const Span& span, const Present& present) {
  const CircuitSample sum = sum_of(history.samples);
  Figures made;
  made.health_score = health_score(present.state, present.window, openings_among(present.last));
  made.success_rate = success_rate(sum);
  made.effectiveness = effectiveness(sum, changes_in(history.transitions, span), present.queue_waiting);
  made.opened = openings_of(history.transitions);
  made.protections = protections_of(made.opened, history.samples);
  if (present.open_duration) {
    const Doubt doubt = doubt_of(made.opened, history.samples, *present.open_duration, span.to);
    made.false_positive_rate = doubt.false_positive_rate();
    if (doubt.judged > 0) made.doubtful_openings = doubt.doubtful;
  }
  made.mean_time_to_recovery = mean_time_to_recovery(made.opened);
  made.time_saved = time_saved(made.protections);
  made.cascades_prevented = cascades_prevented(made.protections, present.capacity);
  made.transitions_per_hour = transitions_per_hour(history, span);
  made.flapping = is_flapping(history.transitions, span.to);
  made.flap_percentage = flap_percentage(history.transitions, present.state, span.to);
  made.fallback_success_rate = fallback_success_rate(sum);
  const Buckets took = added(sum.successes_took, sum.failures_took);
  made.p50 = quantile(took, 0.5);
  made.p95 = quantile(took, 0.95);
  made.p99 = quantile(took, 0.99);
  if (present.slow_above) made.apdex = apdex(sum, *present.slow_above);
  made.availability_gained = availability_gained(sum, present.queue_waiting);
  if (present.value) made.business = business(sum, *present.value, present.queue_waiting);
  return made;
}

}  // namespace switchgear::figures
