#include "app/chaos/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "app/chaos/expectation_names.hpp"
#include "app/chaos/figures.hpp"
#include "app/chaos/happenings.hpp"
#include "app/lab/counted.hpp"
#include "app/lab/json_object.hpp"

namespace switchgear::chaos {
namespace {

using lab::counted;
using lab::JsonObject;

Figures all_of(const Report& report) { return figures_of(report.seen.calls, {}, Duration::max()); }

std::uint64_t arrived(const std::vector<std::vector<Duration>>& instances) {
  std::uint64_t sum = 0;
  for (const auto& each : instances) sum += each.size();
  return sum;
}

std::size_t held(const Report& report) {
  return static_cast<std::size_t>(std::ranges::count(report.verdicts, true, &Verdict::held));
}

std::string summary(const Report& report) {
  const Figures all = all_of(report);
  std::string text = fmt::format("calls           {}: {} served, {} refused, {} failed\n", counted(all.calls),
                                 lab::share(all.served, all.calls), lab::share(all.refused, all.calls),
                                 lab::share(all.failed, all.calls));
  if (report.seen.unsent > 0)
    text += fmt::format("unsent          {}: too many calls were under way\n", counted(report.seen.unsent));
  text += fmt::format("latency         p50 {}, p95 {}, p99 {}\n", lab::rounded(all.p50),
                      lab::rounded(all.p95), lab::rounded(all.p99));
  for (const auto& [name, instances] : report.seen.arrivals) {
    text += fmt::format("{:<15} {} requests arrived", name, counted(arrived(instances)));
    for (std::size_t i = 0; instances.size() > 1 && i < instances.size(); ++i)
      text += (i == 0 ? ": " : ", ") + counted(instances[i].size());
    text += "\n";
  }
  return text;
}

std::string ending(const Report& report) {
  if (report.verdicts.empty()) return "nothing was expected\n";
  if (report.holds() && report.verdicts.size() == 1) return "the one expectation holds\n";
  if (report.holds()) return fmt::format("all {} expectations hold\n", report.verdicts.size());
  return fmt::format("{} of {} expectations hold\n", held(report), report.verdicts.size());
}

JsonObject figures_json(const Figures& figures) {
  JsonObject object;
  object.count("calls", figures.calls)
      .count("served", figures.served)
      .count("refused", figures.refused)
      .count("failed", figures.failed)
      .time("p50", figures.p50)
      .time("p95", figures.p95)
      .time("p99", figures.p99);
  return object;
}

std::vector<JsonObject> transitions_json(const Observations& seen) {
  std::vector<JsonObject> all;
  for (const Transition& each : seen.transitions) {
    all.emplace_back()
        .text("breaker", each.breaker)
        .time("at", each.at)
        .text("from", each.from)
        .text("to", each.to)
        .text("rule", each.rule)
        .number("value", each.value)
        .number("threshold", each.threshold);
  }
  return all;
}

std::vector<JsonObject> expectations_json(const Report& report) {
  std::vector<JsonObject> all;
  for (std::size_t i = 0; i < report.verdicts.size(); ++i) {
    const Expectation& expectation = report.scenario.expectations[i];
    const Verdict& verdict = report.verdicts[i];
    all.emplace_back()
        .text("kind", kind_names[static_cast<std::size_t>(expectation.kind)])
        .count("line", expectation.line)
        .text("expected", verdict.expected)
        .truth("held", verdict.held)
        .text("found", verdict.found);
  }
  return all;
}

JsonObject arrivals_json(const Observations& seen) {
  JsonObject services;
  for (const auto& [name, instances] : seen.arrivals) {
    std::string counts;
    for (const auto& each : instances) counts += (counts.empty() ? "" : ",") + std::to_string(each.size());
    services.raw(name, "[" + counts + "]");
  }
  return services;
}

std::vector<JsonObject> seconds_json(const Observations& seen) {
  std::vector<JsonObject> all;
  for (Duration from{}; from < seen.duration; from += std::chrono::seconds{1})
    all.push_back(
        figures_json(figures_of(seen.calls, from, from + std::chrono::seconds{1})).time("at", from));
  return all;
}

/// Everything that happened, faults and transitions, in order of time.
std::vector<Happening> course(const Report& report) {
  std::vector<Happening> all = happenings(report.scenario.phases);
  for (const Transition& each : report.seen.transitions)
    all.push_back(
        {each.at, fmt::format("breaker {}: {} → {}, {}", each.breaker, each.from, each.to, each.rule)});
  std::ranges::stable_sort(all, {}, &Happening::at);
  return all;
}

/// A cell of a table: what would end it, or begin markup, is escaped.
std::string cell(const std::string& text) {
  std::string safe;
  for (const char each : text) {
    if (each == '|' || each == '\\' || each == '`' || each == '*' || each == '_' || each == '<' ||
        each == '[')
      safe += '\\';
    safe += each;
  }
  return safe;
}

}  // namespace

bool Report::holds() const { return std::ranges::all_of(verdicts, &Verdict::held); }

Report make_report(const Scenario& scenario, const Observations& seen) {
  Report report{scenario, seen, {}};
  for (const Expectation& each : scenario.expectations) report.verdicts.push_back(judge(each, seen));
  return report;
}

std::string event_line(Duration at, const std::string& what) {
  return fmt::format("{:>7.2f}s  {}\n", to_seconds(at), what);
}

std::string to_text(const Report& report) {
  std::string text = summary(report) + "\n";
  for (std::size_t i = 0; i < report.verdicts.size(); ++i) {
    const Verdict& verdict = report.verdicts[i];
    text += fmt::format("{}  {}: {}", verdict.held ? "held  " : "FAILED", verdict.expected, verdict.found);
    if (!verdict.held)
      text += fmt::format("  ({}:{})", report.scenario.file, report.scenario.expectations[i].line);
    text += "\n";
  }
  return text + ending(report);
}

std::string to_json(const Report& report) {
  JsonObject object;
  object.text("scenario", report.scenario.name)
      .count("seed", report.scenario.seed)
      .truth("held", report.holds())
      .time("duration", report.seen.duration)
      .object("calls", figures_json(all_of(report)))
      .count("unsent", report.seen.unsent)
      .array("expectations", expectations_json(report))
      .array("transitions", transitions_json(report.seen))
      .object("arrived", arrivals_json(report.seen))
      .array("seconds", seconds_json(report.seen));
  return object.done() + "\n";
}

std::string to_markdown(const Report& report) {
  std::string text = fmt::format("# {}\n\nSeed {}, {} calls a second for {:g}s. {}\n",
                                 cell(report.scenario.name), report.scenario.seed, report.scenario.load.rate,
                                 to_seconds(report.seen.duration), ending(report));
  text += "| expected | held | found | line |\n|---|---|---|---|\n";
  for (std::size_t i = 0; i < report.verdicts.size(); ++i) {
    const Verdict& verdict = report.verdicts[i];
    text += fmt::format("| {} | {} | {} | {} |\n", cell(verdict.expected), verdict.held ? "yes" : "**no**",
                        cell(verdict.found), report.scenario.expectations[i].line);
  }
  text += "\n## What happened\n\n| at | |\n|---|---|\n";
  for (const Happening& each : course(report))
    text += fmt::format("| {:.2f}s | {} |\n", to_seconds(each.at), cell(each.what));
  text +=
      "\n## Each second\n\n| second | calls | served | refused | failed | p50 | p99 "
      "|\n|---|---|---|---|---|---|---|\n";
  for (Duration from{}; from < report.seen.duration; from += std::chrono::seconds{1}) {
    const Figures figures = figures_of(report.seen.calls, from, from + std::chrono::seconds{1});
    text += fmt::format("| {:g} | {} | {} | {} | {} | {} | {} |\n", to_seconds(from), figures.calls,
                        figures.served, figures.refused, figures.failed, lab::rounded(figures.p50),
                        lab::rounded(figures.p99));
  }
  return text;
}

}  // namespace switchgear::chaos
