#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <iomanip>
#include <string>
#include <vector>

#include "app/lab/compare/comparison_report.hpp"
#include "app/lab/counted.hpp"

namespace switchgear::lab {

namespace {

std::string ratio(std::uint64_t part, std::uint64_t whole) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3f", static_cast<double>(part) / static_cast<double>(whole));
  return text.data();
}

class Table {
 public:
  explicit Table(const Comparison& comparison) : comparison_(comparison) {}

  void head(const std::string& text) { rows_.push_back({text, {}, true}); }

  /// `of` gives a figure of one policy, under one guess about the unknown calls.
  void row(const std::string& name, const std::function<std::string(const Judged&)>& of) {
    Row row{"  " + name, {}, false};
    for (const Arm& arm : comparison_.arms) row.cells.push_back(cell(arm, of));
    rows_.push_back(std::move(row));
  }
  void breaker_row(const std::string& name, const std::function<std::string(const Judged&)>& of) {
    Row row{"  " + name, {}, false};
    for (const Arm& arm : comparison_.arms) row.cells.push_back(arm.has_breaker ? cell(arm, of) : "-");
    rows_.push_back(std::move(row));
  }

  void print(std::ostream& out) const {
    std::size_t names = 0;
    std::vector<std::size_t> widths;
    for (const Arm& arm : comparison_.arms) widths.push_back(arm.policy.size());
    for (const Row& row : rows_) {
      names = std::max(names, row.name.size());
      for (std::size_t i = 0; i < row.cells.size(); ++i) widths[i] = std::max(widths[i], row.cells[i].size());
    }
    out << std::string(names, ' ');
    for (std::size_t i = 0; i < widths.size(); ++i)
      out << "  " << std::right << std::setw(static_cast<int>(widths[i])) << comparison_.arms[i].policy;
    out << '\n';
    for (const Row& row : rows_) {
      out << std::left;
      if (row.cells.empty()) {
        out << row.name << '\n';
        continue;
      }
      out << std::setw(static_cast<int>(names)) << row.name;
      for (std::size_t i = 0; i < row.cells.size(); ++i)
        out << "  " << std::right << std::setw(static_cast<int>(widths[i])) << row.cells[i];
      out << '\n';
    }
  }

 private:
  struct Row {
    std::string name;
    std::vector<std::string> cells;
    bool head = false;
  };

  static std::string cell(const Arm& arm, const std::function<std::string(const Judged&)>& of) {
    std::string good = of(arm.if_good);
    if (!arm.if_bad) return good;
    const std::string bad = of(*arm.if_bad);
    return good == bad ? good : good + " … " + bad;
  }

  const Comparison& comparison_;
  std::vector<Row> rows_;
};

/// A row for each reason that occurred anywhere.
void add_refusals(const Comparison& comparison, Table& table) {
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

void add_callers(const Comparison& comparison, Table& table) {
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

void add_dependency(Table& table) {
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

void add_breaker(const Comparison& comparison, Table& table) {
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

}  // namespace

void print_text(const Comparison& comparison, std::ostream& out) {
  out << counted(comparison.calls) << (comparison.calls == 1 ? " call in " : " calls in ")
      << rounded(comparison.end - comparison.begin) << ", " << counted(comparison.failed) << " failed";
  if (comparison.unknown > 0) {
    out << ", " << counted(comparison.unknown)
        << " were refused while they were recorded: a … b if all of them had succeeded … failed";
  }
  Duration down{};
  for (const Outage& outage : comparison.outages) down += outage.to - outage.from;
  out << "\n" << comparison.outages.size() << (comparison.outages.size() == 1 ? " outage" : " outages");
  if (!comparison.outages.empty()) out << ", together " << rounded(down);
  out << "\n\n";

  Table table(comparison);
  add_callers(comparison, table);
  add_dependency(table);
  const bool breakers = std::any_of(comparison.arms.begin(), comparison.arms.end(),
                                    [](const Arm& arm) { return arm.has_breaker; });
  if (breakers) add_breaker(comparison, table);
  table.print(out);
}

}  // namespace switchgear::lab
