#include "switchgear/admin/report_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>

#include "switchgear/admin/breaker_view.hpp"
#include "switchgear/observe/evidence_text.hpp"
#include "switchgear/observe/figures/sums.hpp"

namespace switchgear::admin {
namespace json = boost::json;
namespace {

template <class T>
json::value or_null(const std::optional<T>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}
json::value or_null(const std::optional<Duration>& length) {
  return length ? json::value(to_seconds(*length)) : json::value(nullptr);
}
json::value or_null(const std::optional<figures::Wall>& at) {
  return at ? json::value(iso8601(*at)) : json::value(nullptr);
}

json::value quantile_json(const std::optional<figures::Quantile>& quantile) {
  if (!quantile) return nullptr;
  return json::object{{"value", to_seconds(quantile->value)},
                      {"at_least", to_seconds(quantile->at_least)},
                      {"at_most", or_null(quantile->at_most)}};
}

json::value onset_json(const std::optional<Onset>& onset) {
  if (!onset) return nullptr;
  return json::object{{"kind", to_string(onset->kind)},
                      {"began", iso8601(onset->began)},
                      {"over", to_seconds(onset->over)},
                      {"before", onset->before},
                      {"after", onset->after}};
}

json::object opening_json(const figures::Opening& opening) {
  return {{"at", iso8601(opening.why.wall)},
          {"rule", to_string(opening.why.rule)},
          {"value", opening.why.value},
          {"threshold", opening.why.threshold},
          {"evidence", evidence_text(opening.why)},
          {"first_look", or_null(opening.first_look)},
          {"closed", or_null(opening.closed)},
          {"lasted", or_null(lasted(opening))},
          {"relapses", opening.relapses}};
}

json::array findings_json(const std::vector<Finding>& findings) {
  json::array made;
  for (const Finding& each : findings) {
    made.push_back(json::object{{"rule", each.rule},
                                {"cause", each.cause},
                                {"action", each.action},
                                {"runbook", "docs/runbooks/" + std::string{each.page} + ".md"}});
  }
  return made;
}

json::object calls_json(const CircuitSample& totals) {
  json::object failures;
  for (const FailureType type : failure_types)
    failures[to_string(type)] = totals.failures[static_cast<std::size_t>(type)];
  return {{"successes", totals.successes},
          {"failures", figures::failures_in(totals)},
          {"failures_by_type", std::move(failures)},
          {"refused", totals.rejected},
          {"ignored", totals.ignored},
          {"slow", totals.slow}};
}

json::array openings_json(const figures::Figures& figures) {
  json::array made;
  for (std::size_t i = 0; i < figures.opened.size(); ++i) {
    json::object opening = opening_json(figures.opened[i]);
    opening["refused"] = figures.protections[i].refused;
    opening["stuck_at_once"] = or_null(figures.protections[i].stuck_at_once());
    made.push_back(std::move(opening));
  }
  return made;
}

json::value effectiveness_parts(const std::optional<figures::Effectiveness>& parts) {
  if (!parts) return nullptr;
  return json::object{{"protection", parts->protection},
                      {"availability", parts->availability},
                      {"stability", parts->stability}};
}

json::value business_json(const std::optional<figures::Business>& business) {
  if (!business) return nullptr;
  return json::object{
      {"at_risk", business->at_risk}, {"protected", business->protected_}, {"currency", business->currency}};
}

json::array states_json(const std::vector<StateStretch>& states) {
  json::array made;
  for (const StateStretch& each : states) {
    made.push_back(json::object{
        {"state", to_string(each.state)}, {"from", iso8601(each.span.from)}, {"to", iso8601(each.span.to)}});
  }
  return made;
}

}  // namespace

json::array course_json(const std::vector<ReportPoint>& course) {
  json::array made;
  for (const ReportPoint& each : course) {
    made.push_back(json::object{{"from", iso8601(each.from)},
                                {"length", to_seconds(each.length)},
                                {"successes", each.successes},
                                {"failures", each.failures},
                                {"refused", each.refused},
                                {"p50", or_null(each.p50)},
                                {"p95", or_null(each.p95)},
                                {"p99", or_null(each.p99)}});
  }
  return made;
}

json::object report_json(const Report& report) {
  const figures::Figures& of = report.figures();
  const auto mean = of.effectiveness ? std::optional{of.effectiveness->mean()} : std::nullopt;
  json::array transitions;
  for (const LoggedTransition& each : report.transitions) {
    transitions.push_back(json::object{{"at", iso8601(each.wall)},
                                       {"from", to_string(each.from)},
                                       {"to", to_string(each.to)},
                                       {"rule", to_string(each.rule)},
                                       {"evidence", evidence_text(each)}});
  }
  return {{"circuit", report.present().circuit},
          {"from", iso8601(report.span.from)},
          {"to", iso8601(report.span.to)},
          {"source", to_string(report.past())},
          {"state", to_string(report.present().breaker.state)},
          {"health_score", of.health_score},
          {"effectiveness", or_null(mean)},
          {"effectiveness_parts", effectiveness_parts(of.effectiveness)},
          {"calls", calls_json(report.totals)},
          {"success_rate", or_null(of.success_rate)},
          {"openings", of.opened.size()},
          {"doubtful_openings", or_null(of.doubtful_openings)},
          {"false_positive_rate", or_null(of.false_positive_rate)},
          {"mean_time_to_recovery", or_null(of.mean_time_to_recovery)},
          {"time_saved", or_null(of.time_saved)},
          {"cascades_prevented", or_null(of.cascades_prevented)},
          {"transitions_per_hour", or_null(of.transitions_per_hour)},
          {"flapping", of.flapping},
          {"flap_percentage", of.flap_percentage},
          {"fallback_success_rate", or_null(of.fallback_success_rate)},
          {"availability_gained", or_null(of.availability_gained)},
          {"latency", json::object{{"p50", quantile_json(of.p50)},
                                   {"p95", quantile_json(of.p95)},
                                   {"p99", quantile_json(of.p99)}}},
          {"apdex", or_null(of.apdex)},
          {"business", business_json(of.business)},
          {"recommendation", or_null(report.diagnosis.recommendation())},
          {"findings", findings_json(report.diagnosis.findings)},
          {"opened", openings_json(of)},
          {"course", course_json(report.course)},
          {"states", states_json(report.states)},
          {"transitions", std::move(transitions)}};
}

json::object diagnosis_json(const Diagnosis& diagnosis) {
  const Facts& facts = diagnosis.facts;
  json::array failures;
  for (const FailureShare& each : facts.failures)
    failures.push_back(json::object{{"type", to_string(each.type)}, {"share", each.share}});
  json::array together;
  for (const std::string& each : facts.together) together.emplace_back(each);
  return {{"circuit", facts.present.circuit},
          {"from", iso8601(facts.span.from)},
          {"to", iso8601(facts.span.to)},
          {"source", to_string(diagnosis.past)},
          {"state", to_string(facts.present.breaker.state)},
          {"since", iso8601(facts.present.since)},
          {"retry_after", or_null(facts.present.breaker.retry_after)},
          {"health_score", facts.figures.health_score},
          {"first_opened", or_null(facts.first_opened)},
          {"openings_last_24h", facts.openings_today},
          {"changes_last_hour", facts.changes_last_hour},
          {"last_opening",
           facts.last_opening ? json::value(opening_json(*facts.last_opening)) : json::value(nullptr)},
          {"onset", onset_json(facts.onset)},
          {"failures", std::move(failures)},
          {"together", std::move(together)},
          {"recommendation", or_null(diagnosis.recommendation())},
          {"findings", findings_json(diagnosis.findings)}};
}

}  // namespace switchgear::admin
