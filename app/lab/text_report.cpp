#include "app/lab/text_report.hpp"

#include <iomanip>
#include <string>
#include <string_view>

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
  if (!value_.empty()) out_ << value_ << ": ";
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

void TextReport::on_end(const ReplaySummary& summary) {
  const CallTotals& totals = summary.breaker.totals;
  const auto row = [&](std::string_view name, std::uint64_t count, const std::string& remark) {
    out_ << "  " << std::left << std::setw(14) << name << std::right << std::setw(12) << count;
    if (!remark.empty()) out_ << "  " << remark;
    out_ << '\n';
  };
  if (!any_transition_)
    out_ << (summary.values ? "no transition: all stayed " : "no transition: it stayed ")
         << to_string(summary.breaker.state) << '\n';
  out_ << '\n';
  if (summary.has_breaker) {
    row("calls", totals.calls, "");
    row("successes", totals.successes, "");
    row("failures", totals.failures, by_kind(failure_types, totals.failures_by_type));
    row("slow", totals.slow(), "");
    row("ignored", totals.ignored, "");
    row("rejected", totals.rejected, by_kind(breaker_rejection_reasons, totals.rejected_by_reason));
    if (totals.would_reject > 0)
      row("would reject", totals.would_reject, "passed only because of metrics_only");
    row("late", totals.late, "");
    row("opened", totals.opened,
        "open for " + format_seconds(summary.breaker.time_open) + "s of " +
            format_seconds(saturating_sub(summary.end, summary.start)) + "s");
  }
  if (summary.values) {
    const ByValueCounts& breakers = summary.values->breakers;
    if (summary.has_breaker) out_ << "\n  of calls with a value\n";
    row("calls", summary.values->calls, "");
    row("successes", summary.values->successes, "");
    row("failures", summary.values->failures, "");
    row("ignored", summary.values->ignored, "");
    row("rejected", breakers.rejected, "by the breaker of their value");
    if (breakers.uncovered > 0) row("uncovered", breakers.uncovered, "all places for values were taken");
    row("values", breakers.made,
        std::to_string(breakers.values) + " at the end, " + std::to_string(breakers.open) +
            " of them not closed; retired " + std::to_string(breakers.retired) + ", evicted " +
            std::to_string(breakers.evicted));
    if (breakers.untold > 0)
      row("untold", breakers.untold, "transitions; 100 open breakers at once are told of");
  }
  out_ << "\nends ";
  if (summary.has_breaker) out_ << to_string(summary.breaker.state) << ' ';
  out_ << "after " << summary.operations << (summary.operations == 1 ? " operation\n" : " operations\n");
}

}  // namespace switchgear::lab
