#include "app/lab/compare/comparison_rows.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <utility>

#include "app/lab/counted.hpp"

namespace switchgear::lab {

namespace {

std::string ratio(std::uint64_t part, std::uint64_t whole) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3f", static_cast<double>(part) / static_cast<double>(whole));
  return text.data();
}

class Rows {
 public:
  explicit Rows(const Comparison& comparison) : comparison_(comparison) {}

  void head(const std::string& text) { rows_.push_back({text, {}}); }

  /// `of` gives a figure of one policy, under one guess about the unknown calls.
  void row(const std::string& name, const std::function<std::string(const Judged&)>& of) {
    row(name, &Rows::always, of);
  }
  void breaker_row(const std::string& name, const std::function<std::string(const Judged&)>& of) {
    row(
        name, [](const Arm& arm) { return arm.has_breaker; }, of);
  }
  void value_row(const std::string& name, const std::function<std::string(const Course::Values&)>& of) {
    row(
        name, [](const Arm& arm) { return arm.has_values; },
        [&](const Judged& judged) { return of(*judged.course.values); });
  }

  std::vector<ComparisonRow> take() { return std::move(rows_); }

 private:
  static bool always(const Arm&) { return true; }

  void row(const std::string& name, const std::function<bool(const Arm&)>& has,
           const std::function<std::string(const Judged&)>& of) {
    ComparisonRow row{name, {}};
    for (const Arm& arm : comparison_.arms) row.cells.push_back(has(arm) ? cell(arm, of) : "-");
    rows_.push_back(std::move(row));
  }

  static std::string cell(const Arm& arm, const std::function<std::string(const Judged&)>& of) {
    std::string good = of(arm.if_good);
    if (!arm.if_bad) return good;
    const std::string bad = of(*arm.if_bad);
    return good == bad ? good : good + " … " + bad;
  }

  const Comparison& comparison_;
  std::vector<ComparisonRow> rows_;
};

/// A row for each reason that occurred anywhere.
void add_refusals(const Comparison& comparison, Rows& table) {
  for (std::size_t reason = 0; reason < rejection_reasons.size(); ++reason) {
    const auto any = [&](const Arm& arm) {
      return arm.if_good.course.refused[reason] > 0 || (arm.if_bad && arm.if_bad->course.refused[reason] > 0);
    };
    if (!std::any_of(comparison.arms.begin(), comparison.arms.end(), any)) continue;
    std::string name(to_string(rejection_reasons[reason]));
    std::replace(name.begin(), name.end(), '_', ' ');
    table.row("refused: " + name, [reason](const Judged& judged) {
      return share(judged.course.refused[reason], judged.course.calls);
    });
  }
}

void add_callers(const Comparison& comparison, Rows& table) {
  const auto calls = [&](const std::string& name, std::uint64_t Course::*part) {
    table.row(name, [part](const Judged& judged) { return share(judged.course.*part, judged.course.calls); });
  };
  table.head("callers");
  calls("answered", &Course::answered);
  calls("answered by a fallback", &Course::substituted);
  calls("failed", &Course::failed);
  add_refusals(comparison, table);
  calls("ignored", &Course::ignored);
  table.row("median wait", [](const Judged& judged) { return rounded(judged.course.median); });
  table.row("p99", [](const Judged& judged) { return rounded(judged.course.p99); });
  table.row("longest", [](const Judged& judged) { return rounded(judged.course.longest); });
}

void add_dependency(Rows& table) {
  table.head("dependency");
  table.row("attempts", [](const Judged& judged) { return counted(judged.course.attempts); });
  table.row("attempts per call",
            [](const Judged& judged) { return ratio(judged.course.attempts, judged.course.calls); });
  table.row("bad ones let through", [](const Judged& judged) {
    return share(judged.course.attempts_failed, judged.course.attempts);
  });
  table.row("spared, would have failed",
            [](const Judged& judged) { return counted(judged.course.spared_bad); });
  table.row("spared, would have succeeded",
            [](const Judged& judged) { return counted(judged.course.spared_good); });
}

void add_breaker(const Comparison& comparison, Rows& table) {
  table.head("breaker");
  table.breaker_row("opened", [](const Judged& judged) { return counted(judged.notice.opened); });
  table.breaker_row("of that in no outage",
                    [](const Judged& judged) { return counted(judged.notice.doubtful); });
  table.breaker_row("open for", [](const Judged& judged) { return rounded(judged.course.time_open); });
  if (comparison.outages.empty()) return;
  const std::uint64_t outages = comparison.outages.size();
  table.breaker_row("outages noticed", [outages](const Judged& judged) {
    return counted(judged.notice.noticed) + " of " + counted(outages);
  });
  const auto delay = [&](const std::string& name, std::optional<Duration> Notice::*part) {
    table.breaker_row(name, [part](const Judged& judged) {
      return judged.notice.*part ? rounded(*(judged.notice.*part)) : std::string{"-"};
    });
  };
  delay("noticed after, median", &Notice::median);
  delay("noticed after, longest", &Notice::longest);
}

void add_values(Rows& table) {
  using Values = Course::Values;
  table.head("breakers by value");
  table.value_row("values", [](const Values& values) { return counted(values.counts.made); });
  table.value_row("opened", [](const Values& values) {
    return (values.counts.untold > 0 ? "at least " : "") + counted(values.opened);
  });
  table.value_row("not closed at the end", [](const Values& values) { return counted(values.counts.open); });
  table.value_row("calls refused", [](const Values& values) { return counted(values.counts.rejected); });
  table.value_row("calls without one, for want of room",
                  [](const Values& values) { return counted(values.counts.uncovered); });
}

bool any(const Comparison& comparison, bool Arm::*has) {
  return std::any_of(comparison.arms.begin(), comparison.arms.end(),
                     [has](const Arm& arm) { return arm.*has; });
}

}  // namespace

std::vector<ComparisonRow> rows_of(const Comparison& comparison) {
  Rows table(comparison);
  add_callers(comparison, table);
  add_dependency(table);
  if (any(comparison, &Arm::has_breaker)) add_breaker(comparison, table);
  if (any(comparison, &Arm::has_values)) add_values(table);
  return table.take();
}

std::vector<std::string> summary_of(const Comparison& comparison) {
  std::string calls = counted(comparison.calls) + (comparison.calls == 1 ? " call in " : " calls in ") +
                      rounded(comparison.end - comparison.begin) + ", " + counted(comparison.failed) +
                      " failed";
  if (comparison.unknown > 0) {
    calls += ", " + counted(comparison.unknown) +
             " were refused while they were recorded: a … b if all of them had succeeded … failed";
  }
  Duration down{};
  for (const Outage& outage : comparison.outages) down += outage.to - outage.from;
  std::string outages =
      counted(comparison.outages.size()) + (comparison.outages.size() == 1 ? " outage" : " outages");
  if (!comparison.outages.empty()) outages += ", together " + rounded(down);
  std::vector<std::string> lines{std::move(calls), std::move(outages)};
  if (comparison.values > 0 && !comparison.by_value) {
    lines.push_back("the calls have " + counted(comparison.values) +
                    (comparison.values == 1 ? " value" : " values") +
                    "; breakers by value are played with --service");
  }
  return lines;
}

}  // namespace switchgear::lab
