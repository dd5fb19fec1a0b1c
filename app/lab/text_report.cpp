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

void TextReport::on_transition(const Transition& transition) {
  any_transition_ = true;
  const std::string change =
      std::string(to_string(transition.from)).append(" -> ").append(to_string(transition.to));
  out_ << std::right << std::setw(14) << format_seconds(transition.at.time_since_epoch()) + "s"
       << "  " << std::left << std::setw(24) << change << "  " << evidence_text(transition) << '\n';
}

void TextReport::on_adapted(const AdaptedEvent& adapted) {
  out_ << std::right << std::setw(14) << format_seconds(adapted.at.time_since_epoch()) + "s"
       << "  " << std::left << std::setw(24) << "adapted"
       << "  " << adapted_text(adapted) << '\n';
}

void TextReport::on_ramp(const RampEvent& ramp) {
  out_ << std::right << std::setw(14) << format_seconds(ramp.at.time_since_epoch()) + "s"
       << "  " << std::left << std::setw(24) << "ramp"
       << "  " << ramp_text(ramp) << '\n';
}

void TextReport::on_level(const LevelEvent& level) {
  out_ << std::right << std::setw(14) << format_seconds(level.change.at.time_since_epoch()) + "s"
       << "  " << std::left << std::setw(24) << "level"
       << "  " << level_text(level.change) << '\n';
}

void TextReport::on_end(const ReplaySummary& summary) {
  const CallTotals& totals = summary.breaker.totals;
  const auto row = [&](std::string_view name, std::uint64_t count, const std::string& remark) {
    out_ << "  " << std::left << std::setw(14) << name << std::right << std::setw(12) << count;
    if (!remark.empty()) out_ << "  " << remark;
    out_ << '\n';
  };
  if (!any_transition_) out_ << "no transition: it stayed " << to_string(summary.breaker.state) << '\n';
  out_ << '\n';
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
  out_ << "\nends " << to_string(summary.breaker.state) << " after " << summary.operations
       << (summary.operations == 1 ? " operation\n" : " operations\n");
}

}  // namespace switchgear::lab
