#include "switchgear/observe/report/figure_rows.hpp"

#include <string_view>

#include "switchgear/observe/diagnosis/words.hpp"
#include "switchgear/observe/evidence_text.hpp"
#include "switchgear/observe/figures/sums.hpp"

namespace switchgear {

namespace {

using words::count;
using words::number;
using words::percent;

std::string whole(std::uint64_t n) { return number(static_cast<double>(n)); }

constexpr std::string_view no_data = "no data";

template <class T, class Write>
std::string or_no_data(const std::optional<T>& value, Write write) {
  return value ? write(*value) : std::string{no_data};
}

std::string money(double amount, const std::string& currency) {
  return words::plain(currency) + " " + words::amount(amount);
}

FigureRow effectiveness_row(const figures::Figures& of) {
  const auto& parts = of.effectiveness;
  const auto all = [](const figures::Effectiveness& each) { return number(each.mean()) + " of 100"; };
  FigureRow row{"effectiveness", or_no_data(parts, all), ""};
  if (parts) {
    row.remark = "protection " + number(parts->protection) + ", availability " + number(parts->availability) +
                 ", stability " + number(parts->stability);
  }
  return row;
}

FigureRow openings_row(const figures::Figures& of) {
  FigureRow row{"openings", std::to_string(of.opened.size()), ""};
  if (of.doubtful_openings) {
    row.remark = std::to_string(*of.doubtful_openings) + " doubtful, false positive rate " +
                 percent(of.false_positive_rate.value_or(0));
  }
  return row;
}

FigureRow levels_row(const LevelsOfSpan& levels) {
  return {"level", std::string{to_string(levels.last)},
          count(levels.escalations, "escalation") + ", " + count(levels.descents, "descent") +
              "; at critical for " + words::length(levels.at_critical) + ", at emergency for " +
              words::length(levels.at_emergency)};
}

FigureRow latency_row(std::string_view name, const std::optional<figures::Quantile>& quantile) {
  const auto value = [](const figures::Quantile& each) {
    return (each.at_most ? "" : "> ") + words::length(each.value);
  };
  FigureRow row{std::string{name}, or_no_data(quantile, value), ""};
  if (quantile && quantile->at_most) {
    row.remark = "estimated; the true one is between " + words::length(quantile->at_least) + " and " +
                 words::length(*quantile->at_most);
  }
  return row;
}

void add_business(std::vector<FigureRow>& rows, const figures::Figures& of) {
  if (!of.business) return;
  const figures::Business& business = *of.business;
  rows.push_back({"at risk", money(business.at_risk, business.currency), "of failed and refused calls"});
  rows.push_back({"protected", money(business.protected_, business.currency),
                  "of these, answered by a fallback or queue"});
}

}  // namespace

std::vector<FigureRow> figure_rows(const Report& report) {
  const figures::Figures& of = report.figures();
  const CircuitSample& totals = report.totals;
  const auto length = [](Duration each) { return words::length(each); };
  std::vector<FigureRow> rows;
  rows.push_back({"health score", std::to_string(of.health_score) + " of 100",
                  "now " + std::string{to_string(report.present().breaker.state)}});
  rows.push_back(effectiveness_row(of));
  rows.push_back({"calls", std::to_string(figures::asked_in(totals)),
                  count(totals.successes, "good one") + ", " +
                      count(figures::failures_in(totals), "failure") + ", " +
                      std::to_string(totals.rejected) + " refused"});
  rows.push_back(
      {"success rate", or_no_data(of.success_rate, percent), "of the calls that were let through"});
  rows.push_back(openings_row(of));
  if (report.levels) rows.push_back(levels_row(*report.levels));
  rows.push_back(
      {"time to recovery", or_no_data(of.mean_time_to_recovery, length), "mean, from opening to closing"});
  rows.push_back({"time saved", or_no_data(of.time_saved, length), "that refused calls did not wait"});
  rows.push_back({"cascades prevented", or_no_data(of.cascades_prevented, whole),
                  report.present().around.capacity
                      ? "more calls stuck at once than " + number(*report.present().around.capacity)
                      : "needs a capacity"});
  rows.push_back(
      {"changes per hour", or_no_data(of.transitions_per_hour, number),
       std::string{of.flapping ? "flapping; " : ""} + number(of.flap_percentage) + "% by Nagios' weights"});
  rows.push_back({"fallbacks good", or_no_data(of.fallback_success_rate, percent), ""});
  rows.push_back({"availability gained", or_no_data(of.availability_gained, percent), "by fallbacks"});
  rows.push_back(latency_row("p50", of.p50));
  rows.push_back(latency_row("p95", of.p95));
  rows.push_back(latency_row("p99", of.p99));
  const auto& slow = report.present().options.slow_call;
  rows.push_back({"Apdex", or_no_data(of.apdex, number),
                  slow ? "target " + words::length(slow->threshold) : "needs slow_call.threshold"});
  add_business(rows, of);
  return rows;
}

std::vector<OpeningRow> opening_rows(const Report& report) {
  const figures::Figures& of = report.figures();
  std::vector<OpeningRow> rows;
  for (std::size_t i = of.opened.size(); i > 0; --i) {
    const figures::Opening& opening = of.opened[i - 1];
    const figures::Protection& protection = of.protections[i - 1];
    OpeningRow row{words::instant(opening.why.wall), evidence_text(opening.why), ""};
    const auto length = lasted(opening);
    row.outcome = length ? "closed after " + words::length(*length) : "not closed";
    if (opening.relapses > 0) row.outcome += ", " + count(opening.relapses, "relapse");
    row.outcome += ", " + whole(protection.refused) + " refused";
    if (const auto stuck = protection.stuck_at_once())
      row.outcome += ", " + number(*stuck) + " would have been stuck at once";
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace switchgear
