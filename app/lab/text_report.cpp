#include "app/lab/text_report.hpp"

#include <iomanip>
#include <string>
#include <string_view>
#include <utility>

#include "app/lab/seconds.hpp"
#include "switchgear/observe/evidence_text.hpp"

namespace switchgear::lab {

namespace {

/// `open 12, ramping 3`: the kinds that occurred.
template <class Kinds, class Counts>
std::string by_kind(const Kinds& kinds, const Counts& counts) {
  std::string text;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (counts[i] == 0) continue;
    if (!text.empty()) text += ", ";
    text.append(to_string(kinds[i])).append(" ").append(std::to_string(counts[i]));
  }
  return text;
}

}  // namespace

void TextReport::on_operation(const Operation& /*operation*/) {}

void TextReport::line(TimePoint at, std::string_view what, std::string_view why) {
  out_ << std::right << std::setw(14) << format_seconds(at.time_since_epoch()) + "s"
       << "  " << std::left << std::setw(24) << what << "  ";
  if (!owner_.empty()) out_ << owner_ << ": ";
  out_ << why << '\n';
}

void TextReport::on_transition(const Transition& transition) {
  any_transition_ = true;
  const std::string change =
      std::string(to_string(transition.from)).append(" -> ").append(to_string(transition.to));
  line(transition.at, change, evidence_text(transition));
}

void TextReport::on_adapted(const AdaptedEvent& adapted) {
  line(adapted.at, "adapted", adapted_text(adapted));
}

void TextReport::on_ramp(const RampEvent& ramp) { line(ramp.at, "ramp", ramp_text(ramp)); }

void TextReport::on_level(const LevelEvent& level) {
  line(level.change.at, "level", level_text(level.change));
}

void TextReport::row(std::string_view name, std::uint64_t count, const std::string& remark) {
  out_ << "  " << std::left << std::setw(14) << name << std::right << std::setw(12) << count;
  if (!remark.empty()) out_ << "  " << remark;
  out_ << '\n';
}

void TextReport::totals(const BreakerSnapshot& breaker, Duration length) {
  const CallTotals& totals = breaker.totals;
  row("calls", totals.calls);
  row("successes", totals.successes);
  row("failures", totals.failures, by_kind(failure_types, totals.failures_by_type));
  row("slow", totals.slow());
  row("ignored", totals.ignored);
  row("rejected", totals.rejected, by_kind(breaker_rejection_reasons, totals.rejected_by_reason));
  if (totals.would_reject > 0)
    row("would reject", totals.would_reject, "passed only because of metrics_only");
  row("late", totals.late);
  row("opened", totals.opened,
      "open for " + format_seconds(breaker.time_open) + "s of " + format_seconds(length) + "s");
}

void TextReport::totals(const ValueSummary& values) {
  const ByValueCounts& breakers = values.breakers;
  row("calls", values.calls);
  row("successes", values.successes);
  row("failures", values.failures);
  row("ignored", values.ignored);
  row("rejected", breakers.rejected, "by the breaker of their value");
  if (breakers.uncovered > 0) row("uncovered", breakers.uncovered, "all places for values were taken");
  row("values", breakers.made,
      std::to_string(breakers.values) + " at the end, " + std::to_string(breakers.open) +
          " of them not closed; retired " + std::to_string(breakers.retired) + ", evicted " +
          std::to_string(breakers.evicted));
  if (breakers.untold > 0)
    row("untold", breakers.untold, "transitions; 100 open breakers at once are told of");
}

void TextReport::on_end(const ReplaySummary& summary) {
  const bool alone = !summary.values && summary.routes.empty();
  if (!any_transition_)
    out_ << (alone ? "no transition: it stayed " : "no transition: all stayed ")
         << to_string(summary.breaker.state) << '\n';
  out_ << '\n';
  const Duration length = saturating_sub(summary.end, summary.start);
  if (summary.has_breaker) totals(summary.breaker, length);
  const char* gap = summary.has_breaker ? "\n" : "";
  for (const auto& [policy, breaker] : summary.routes) {
    out_ << std::exchange(gap, "\n") << "  of calls by routes with the policy " << policy << '\n';
    totals(breaker, length);
  }
  if (summary.values) {
    if (*gap != '\0') out_ << gap << "  of calls with a value\n";
    totals(*summary.values);
  }
  if (summary.unknown_route_policy > 0) {
    out_ << '\n';
    row("other routes", summary.unknown_route_policy,
        "calls name a policy that no route of the service has: played without it");
  }
  out_ << "\nends ";
  if (summary.has_breaker) out_ << to_string(summary.breaker.state) << ' ';
  for (const auto& [policy, breaker] : summary.routes)
    out_ << '(' << policy << ": " << to_string(breaker.state) << ") ";
  out_ << "after " << summary.operations << (summary.operations == 1 ? " operation\n" : " operations\n");
}

}  // namespace switchgear::lab
