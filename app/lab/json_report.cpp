#include "app/lab/json_report.hpp"

#include "app/lab/json_object.hpp"

namespace switchgear::lab {

void JsonReport::on_operation(const Operation& operation) {
  JsonObject line;
  line.time("at", operation.at).text("op", operation.op);
  if (operation.id) line.text("id", *operation.id);
  if (operation.asks) line.text("decision", operation.rejection ? "rejected" : "admitted");
  if (operation.rejection) {
    line.text("reason", to_string(operation.rejection->reason));
    if (operation.rejection->retry_after) line.time("retry_after", *operation.rejection->retry_after);
    if (operation.rejection->level) line.text("level", to_string(*operation.rejection->level));
  }
  out_ << line.text("state", to_string(operation.state)).done() << '\n';
}

void JsonReport::on_transition(const Transition& transition) {
  JsonObject line;
  line.time("at", transition.at)
      .text("event", "transition")
      .text("from", to_string(transition.from))
      .text("to", to_string(transition.to))
      .text("rule", to_string(transition.rule))
      .number("value", transition.value)
      .number("threshold", transition.threshold);
  out_ << line.done() << '\n';
}

void JsonReport::on_adapted(const AdaptedEvent& adapted) {
  JsonObject line;
  line.time("at", adapted.at).text("event", "adapted");
  if (adapted.consecutive_failures > 0) line.count("consecutive_failures", adapted.consecutive_failures);
  line.time("open_duration", adapted.open_duration).number("failure_rate", adapted.failure_rate);
  if (adapted.mean_latency) line.time("mean_latency", *adapted.mean_latency);
  out_ << line.done() << '\n';
}

void JsonReport::on_ramp(const RampEvent& ramp) {
  JsonObject line;
  line.time("at", ramp.at)
      .text("event", "ramp")
      .text("change", to_string(ramp.change))
      .number("share", ramp.share)
      .number("safe_share", ramp.safe_share)
      .count("hold", ramp.hold)
      .count("calls", ramp.calls)
      .count("failed", ramp.failed);
  out_ << line.done() << '\n';
}

void JsonReport::on_level(const LevelEvent& level) {
  JsonObject line;
  line.time("at", level.change.at)
      .text("event", "level")
      .text("from", to_string(level.change.from))
      .text("to", to_string(level.change.to))
      .text("cause", to_string(level.change.cause))
      .text("state", to_string(level.state));
  if (level.change.cause == LevelCause::escalated) {
    line.count("calls", level.change.calls)
        .count("failed", level.change.failed)
        .number("failure_rate", level.change.failure_rate())
        .number("escalate_above", level.change.escalate_above);
  }
  out_ << line.done() << '\n';
}

void JsonReport::on_end(const ReplaySummary& summary) {
  const CallTotals& totals = summary.breaker.totals;
  JsonObject line;
  line.text("event", "summary")
      .count("calls", totals.calls)
      .count("successes", totals.successes)
      .count("failures", totals.failures)
      .count("slow", totals.slow())
      .count("ignored", totals.ignored)
      .count("rejected", totals.rejected)
      .count("late", totals.late)
      .count("opened", totals.opened)
      .time("time_open", summary.breaker.time_open);
  out_ << line.done() << '\n';
}

}  // namespace switchgear::lab
