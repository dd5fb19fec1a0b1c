// Diagnosis as text: what `switchgear explain` prints.
#include "switchgear/observe/diagnosis/diagnosis.hpp"
#include "switchgear/observe/diagnosis/words.hpp"
#include "switchgear/observe/evidence_text.hpp"

namespace switchgear {

namespace {

std::string together_text(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& each : names) text += (text.empty() ? "" : ", ") + words::plain(each);
  return text;
}

void add_row(std::string& to, std::string_view label, const std::string& text) {
  constexpr std::size_t margin = 12;
  to.append("  ").append(label).append(margin - label.size(), ' ').append(text).append("\n");
}

void add_opening(std::string& to, const Facts& facts) {
  if (!facts.last_opening) {
    add_row(to, "opened", "not since " + words::instant(facts.span.from) + " UTC");
    return;
  }
  const figures::Opening& last = *facts.last_opening;
  add_row(to, "evidence", evidence_text(last.why));
  std::string opened = words::instant(last.why.wall) + " UTC";
  if (const auto length = lasted(last)) opened += ", for " + words::length(*length);
  if (last.relapses > 0) opened += ", " + words::count(last.relapses, "relapse");
  add_row(to, "opened", opened);
  add_row(to, "",
          words::count(facts.openings_today, "opening") + " in the last 24 h, the first known at " +
              words::instant(*facts.first_opened) + " UTC");
}

}  // namespace

std::string past_text(const Diagnosis& diagnosis) {
  if (diagnosis.past == PastFrom::history) return "From the stored history.";
  return "From memory: without a stored history, counts are since " +
         words::instant(diagnosis.facts.span.from) +
         " UTC, there are no curves, and only the last transitions are known.";
}

std::string diagnosis_text(const Diagnosis& diagnosis) {
  const Facts& facts = diagnosis.facts;
  const BreakerSnapshot& breaker = facts.present.breaker;
  std::string text = words::plain(facts.present.circuit);
  text.append(" is ").append(to_string(breaker.state));
  if (breaker.metrics_only) text += " (metrics_only: it refuses nothing)";
  if (breaker.advised) text += " (fleet_open: the fleet refuses its calls)";
  text += " since " + words::instant(facts.present.since) + " UTC";
  if (breaker.retry_after && *breaker.retry_after > Duration::zero())
    text += ", for another " + words::length(*breaker.retry_after);
  text += "; health " + std::to_string(facts.figures.health_score) + " of 100\n";
  add_opening(text, facts);
  if (facts.onset) {
    add_row(text, "onset",
            std::string(to_string(facts.onset->kind)) + " at " + words::clock(facts.onset->began) +
                ": from " + words::percent(facts.onset->before) + " to " +
                words::percent(facts.onset->after) + " of the calls within " +
                words::length(facts.onset->over));
  }
  std::string failures;
  for (const FailureShare& each : facts.failures) {
    failures += (failures.empty() ? "" : ", ") + words::percent(each.share) + " ";
    failures += to_string(each.type);
  }
  if (!failures.empty()) add_row(text, "failures", failures);
  if (!facts.together.empty()) add_row(text, "with it", together_text(facts.together));
  text += "\n" + past_text(diagnosis) + "\n";
  if (diagnosis.findings.empty()) text += "\nNo problems found.\n";
  for (const Finding& each : diagnosis.findings) {
    text += "\n- " + each.cause + "\n  " + each.action + "\n  See docs/runbooks/";
    text.append(each.page).append(".md\n");
  }
  return text;
}

}  // namespace switchgear
