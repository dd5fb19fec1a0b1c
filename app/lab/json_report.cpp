#include "app/lab/json_report.hpp"

namespace switchgear::lab {

namespace {

void add_totals(JsonObject& line, const BreakerSnapshot& breaker) {
  const CallTotals& totals = breaker.totals;
  line.count("calls", totals.calls)
      .count("successes", totals.successes)
      .count("failures", totals.failures)
      .count("slow", totals.slow())
      .count("ignored", totals.ignored)
      .count("rejected", totals.rejected)
      .count("late", totals.late)
      .count("opened", totals.opened)
      .time("time_open", breaker.time_open);
}

}  // namespace

JsonObject JsonReport::event(std::string_view word, TimePoint at) const {
  JsonObject line;
  line.time("at", at).text("event", word);
  if (!owner_.route_policy.empty()) line.text("of_route", owner_.route_policy);
  if (!owner_.value.empty()) line.text("of_value", owner_.value);
  return line;
}

void JsonReport::on_operation(const Operation& operation) {
  JsonObject line;
  line.time("at", operation.at).text("op", operation.op);
  if (operation.id) line.text("id", *operation.id);
  if (operation.route_policy) line.text("route_policy", *operation.route_policy);
  if (operation.value) line.text("value", *operation.value);
  if (operation.asks) line.text("decision", operation.rejection ? "rejected" : "admitted");
  if (operation.rejection) {
    line.text("reason", to_string(operation.rejection->reason));
    if (operation.by == Guards::By::route) line.text("by", "route");
    if (operation.by == Guards::By::value) line.text("by", "value");
    if (operation.rejection->retry_after) line.time("retry_after", *operation.rejection->retry_after);
    if (operation.rejection->level) line.text("level", to_string(*operation.rejection->level));
  }
  if (operation.state) line.text("state", to_string(*operation.state));
  if (operation.route_state) line.text("route_state", to_string(*operation.route_state));
  if (operation.value_state) line.text("value_state", to_string(*operation.value_state));
  out_ << line.done() << '\n';
}

void JsonReport::on_transition(const Transition& transition) {
  JsonObject line = event("transition", transition.at);
  line.text("from", to_string(transition.from))
      .text("to", to_string(transition.to))
      .text("rule", to_string(transition.rule))
      .number("value", transition.value)
      .number("threshold", transition.threshold);
  out_ << line.done() << '\n';
}

void JsonReport::on_adapted(const AdaptedEvent& adapted) {
  JsonObject line = event("adapted", adapted.at);
  if (adapted.consecutive_failures > 0) line.count("consecutive_failures", adapted.consecutive_failures);
  line.time("open_duration", adapted.open_duration).number("failure_rate", adapted.failure_rate);
  if (adapted.mean_latency) line.time("mean_latency", *adapted.mean_latency);
  out_ << line.done() << '\n';
}

void JsonReport::on_ramp(const RampEvent& ramp) {
  JsonObject line = event("ramp", ramp.at);
  line.text("change", to_string(ramp.change))
      .number("share", ramp.share)
      .number("safe_share", ramp.safe_share)
      .count("hold", ramp.hold)
      .count("calls", ramp.calls)
      .count("failed", ramp.failed);
  out_ << line.done() << '\n';
}

void JsonReport::on_level(const LevelEvent& level) {
  JsonObject line = event("level", level.change.at);
  line.text("from", to_string(level.change.from))
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
  JsonObject line;
  line.text("event", "summary");
  if (summary.has_breaker) add_totals(line, summary.breaker);
  if (!summary.routes.empty()) {
    JsonObject routes;
    for (const auto& [policy, breaker] : summary.routes) {
      JsonObject route;
      add_totals(route, breaker);
      routes.object(policy, route);
    }
    line.object("routes", routes);
  }
  if (summary.unknown_route_policy > 0) line.count("unknown_route_policy", summary.unknown_route_policy);
  if (summary.values) {
    const ValueSummary& values = *summary.values;
    JsonObject of_values;
    of_values.count("calls", values.calls)
        .count("successes", values.successes)
        .count("failures", values.failures)
        .count("ignored", values.ignored)
        .count("rejected", values.breakers.rejected)
        .count("uncovered", values.breakers.uncovered)
        .count("untold", values.breakers.untold)
        .count("made", values.breakers.made)
        .count("evicted", values.breakers.evicted)
        .count("retired", values.breakers.retired)
        .count("breakers", values.breakers.values)
        .count("open", values.breakers.open);
    line.object("values", of_values);
  }
  out_ << line.done() << '\n';
}

}  // namespace switchgear::lab
