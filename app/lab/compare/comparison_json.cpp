#include <vector>

#include "app/lab/compare/comparison_report.hpp"
#include "app/lab/json_object.hpp"

namespace switchgear::lab {

namespace {

JsonObject refusals(const Course& course) {
  JsonObject refused;
  for (std::size_t i = 0; i < rejection_reasons.size(); ++i) {
    if (course.refused[i] > 0) refused.count(to_string(rejection_reasons[i]), course.refused[i]);
  }
  return refused;
}

JsonObject breaker(const Judged& judged) {
  return JsonObject{}
      .count("opened", judged.notice.opened)
      .count("opened_in_no_outage", judged.notice.doubtful)
      .time("time_open", judged.course.time_open)
      .count("outages_noticed", judged.notice.noticed)
      .time("noticed_after_median", judged.notice.median)
      .time("noticed_after_longest", judged.notice.longest);
}

JsonObject values(const Course::Values& values) {
  return JsonObject{}
      .count("made", values.counts.made)
      .count("opened", values.opened)
      .count("untold", values.counts.untold)
      .count("open", values.counts.open)
      .count("rejected", values.counts.rejected)
      .count("uncovered", values.counts.uncovered);
}

JsonObject figures(const Arm& arm, const Judged& judged) {
  const Course& course = judged.course;
  JsonObject made;
  made.count("answered", course.answered)
      .count("answered_by_fallback", course.substituted)
      .count("failed", course.failed)
      .count("ignored", course.ignored)
      .object("refused", refusals(course))
      .time("median_wait", course.median)
      .time("p99_wait", course.p99)
      .time("longest_wait", course.longest)
      .count("attempts", course.attempts)
      .count("attempts_failed", course.attempts_failed)
      .count("spared_bad", course.spared_bad)
      .count("spared_good", course.spared_good);
  if (arm.has_breaker) made.object("breaker", breaker(judged));
  if (course.values) made.object("values", values(*course.values));
  return made;
}

}  // namespace

void print_json(const Comparison& comparison, std::ostream& out) {
  std::vector<JsonObject> outages;
  for (const Outage& outage : comparison.outages) {
    outages.push_back(JsonObject{}
                          .time("from", outage.from)
                          .time("to", outage.to)
                          .count("calls", outage.calls)
                          .count("failures", outage.failures));
  }
  JsonObject policies;
  for (const Arm& arm : comparison.arms) {
    JsonObject made = figures(arm, arm.if_good);
    if (arm.if_bad) made.object("if_refused_had_failed", figures(arm, *arm.if_bad));
    policies.object(arm.policy, made);
  }
  out << JsonObject{}
             .count("calls", comparison.calls)
             .count("failed", comparison.failed)
             .count("unknown", comparison.unknown)
             .time("from", comparison.begin)
             .time("to", comparison.end)
             .count("values", comparison.values)
             .array("outages", outages)
             .object("policies", policies)
             .done()
      << '\n';
}

}  // namespace switchgear::lab
