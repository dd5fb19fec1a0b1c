// A report as one HTML file.
#include <algorithm>
#include <array>
#include <utility>

#include "switchgear/observe/diagnosis/words.hpp"
#include "switchgear/observe/evidence_text.hpp"
#include "switchgear/observe/report/charts.hpp"
#include "switchgear/observe/report/figure_rows.hpp"
#include "switchgear/observe/report/report.hpp"

namespace switchgear {

namespace {

using charts::escaped;

constexpr std::string_view style = R"(
:root { color-scheme: light dark; --page: #f3f5f8; --card: #fff; --text: #16202c; --quiet: #566273;
  --line: #e0e5ec; --good: #2f6fd6; --bad: #d3222e; --refused: #a0610a; --p50: #0a6b3c; --p95: #8a5000;
  --p99: #7a22a8; --closed: #0a6b3c; --open: #bd1622; --half: #8a5000; --forced: #7a22a8; --off: #566273; }
@media (prefers-color-scheme: dark) { :root { --page: #0c1117; --card: #151c25; --text: #e8eef5;
  --quiet: #9aa8b8; --line: #263140; --good: #6aa7ff; --bad: #ff7b7f; --refused: #f5b948; --p50: #4cd08a;
  --p95: #f5b948; --p99: #d59bff; --closed: #4cd08a; --open: #ff7b7f; --half: #f5b948; --forced: #d59bff;
  --off: #9aa8b8; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, -apple-system,
  "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 20px 16px 48px; }
h1 { font-size: 24px; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 17px; margin: 0 0 12px; }
p { margin: 0; overflow-wrap: anywhere; }
.quiet { color: var(--quiet); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px;
  margin-top: 16px; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(228px, 50% - 10px), 1fr)); gap: 14px 20px; margin: 0; }
dt { color: var(--quiet); font-size: 13px; }
dd { margin: 0; }
dd b { font-size: 19px; font-variant-numeric: tabular-nums; }
dd small { display: block; color: var(--quiet); }
ol { margin: 0; padding: 0; list-style: none; }
li + li { margin-top: 12px; }
figure { margin: 0 0 20px; }
figcaption { display: flex; flex-wrap: wrap; gap: 2px 16px; margin-bottom: 6px; }
figcaption span::before { content: ""; display: inline-block; width: 10px; height: 10px; margin-right: 6px;
  border-radius: 2px; background: currentColor; }
.plot { display: grid; grid-template-columns: 64px 1fr; }
.axis { display: flex; flex-direction: column; justify-content: space-between; text-align: right;
  padding-right: 8px; font-size: 12px; color: var(--quiet); font-variant-numeric: tabular-nums; }
.times { grid-column: 2; display: flex; justify-content: space-between; font-size: 12px;
  color: var(--quiet); font-variant-numeric: tabular-nums; }
svg { display: block; width: 100%; overflow: visible; }
.chart { height: 180px; }
.band { height: 22px; grid-column: 2; }
.grid { stroke: var(--line); vector-effect: non-scaling-stroke; }
.area { stroke: none; opacity: 0.75; fill: currentColor; }
.line { fill: none; stroke: currentColor; stroke-width: 1.6; stroke-linecap: round;
  vector-effect: non-scaling-stroke; }
.c-good { color: var(--good); } .c-bad { color: var(--bad); } .c-refused { color: var(--refused); }
.c-p50 { color: var(--p50); } .c-p95 { color: var(--p95); } .c-p99 { color: var(--p99); }
.s-closed { fill: var(--closed); color: var(--closed); } .s-open { fill: var(--open); color: var(--open); }
.s-half_open { fill: var(--half); color: var(--half); }
.s-forced_open { fill: var(--forced); color: var(--forced); }
.s-disabled { fill: var(--off); color: var(--off); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: 6px 12px 6px 0; border-top: 1px solid var(--line);
  overflow-wrap: anywhere; }
th { color: var(--quiet); font-weight: 400; border-top: 0; }
code { font: 13px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
@media (max-width: 600px) { table, tbody, tr, td { display: block; } thead { display: none; }
  td { border-top: 0; padding: 0; } tr + tr { border-top: 1px solid var(--line); margin-top: 8px;
  padding-top: 8px; } .plot { grid-template-columns: 48px 1fr; } .chart { height: 140px; } }
@media print { :root { color-scheme: light; --page: #fff; } body { font-size: 11px; }
  section { break-inside: avoid; border-radius: 0; } main { max-width: none; padding: 0; }
  * { print-color-adjust: exact; } }
)";

std::string section(std::string_view title, const std::string& content) {
  return std::string("<section><h2>").append(title).append("</h2>") + content + "</section>\n";
}

/// What is in backticks becomes code.
std::string prose(const std::string& text) {
  std::string made;
  bool code = false;
  for (const char each : escaped(text)) {
    if (each == '`') {
      made += code ? "</code>" : "<code>";
      code = !code;
    } else {
      made += each;
    }
  }
  return code ? made + "</code>" : made;
}

std::string figures_part(const Report& report) {
  std::string rows;
  for (const FigureRow& each : figure_rows(report)) {
    rows += "<div><dt>" + escaped(each.name) + "</dt><dd><b>" + escaped(each.value) + "</b>";
    if (!each.remark.empty()) rows += "<small>" + escaped(each.remark) + "</small>";
    rows += "</dd></div>";
  }
  return section("Figures", "<dl>" + rows + "</dl>");
}

std::string findings_part(const Report& report) {
  if (report.diagnosis.findings.empty()) return section("What to do", "<p>No problems found.</p>");
  std::string items;
  for (const Finding& each : report.diagnosis.findings) {
    items += "<li><p><b>" + prose(each.cause) + "</b></p><p>" + prose(each.action) +
             "</p><p class=\"quiet\">docs/runbooks/" + std::string{each.page} + ".md</p></li>";
  }
  return section("What to do", "<ol>" + items + "</ol>");
}

std::string figure(std::string_view title,
                   const std::vector<std::pair<std::string_view, std::string_view>>& legend,
                   const std::string& plot) {
  std::string made = std::string("<figure><figcaption><b>").append(title).append("</b>");
  for (const auto& [color, name] : legend)
    made.append("<span class=\"").append(color).append("\">").append(name).append("</span>");
  return made + "</figcaption><div class=\"plot\">" + plot + "</div></figure>\n";
}

std::string axis(const std::string& top, const std::string& middle) {
  return "<div class=\"axis\" aria-hidden=\"true\"><span>" + top + "</span><span>" + middle +
         "</span><span>0</span></div>";
}

/// With the day when the span has more than one.
std::string times(const figures::Span& span) {
  const bool long_span = span.length() > std::chrono::hours{20};
  const auto text = [&](figures::Wall at) {
    return long_span ? words::instant(at).substr(5, 11) : words::clock(at);
  };
  return "<div class=\"times\"><span>" + text(span.from) + "</span><span>" +
         text(span.from + span.length() / 2) + "</span><span>" + text(span.to) + "</span></div>";
}

/// Points, and between two that are not neighbours the nothing that lies there.
class Course {
 public:
  explicit Course(const Report& report) : whole_(std::max(to_seconds(report.span.length()), 1e-9)) {
    const Duration longest = report.span.length() / static_cast<Duration::rep>(most_report_points) * 3;
    const ReportPoint* before = nullptr;
    for (const ReportPoint& each : report.course) {
      const double from = x(report, each.from);
      if (before != nullptr) {
        const figures::Wall end = before->from + before->length;
        if (WallAnchor::between(end, each.from) > longest) {
          add(x(report, end), nullptr);
          add(from, nullptr);
        }
      }
      add(from, &each);
      before = &each;
    }
    if (before != nullptr) add(x(report, before->from + before->length), before);
  }

  [[nodiscard]] const std::vector<double>& at() const noexcept { return at_; }
  template <class Value>
  [[nodiscard]] std::vector<std::optional<double>> values(Value value) const {
    std::vector<std::optional<double>> made;
    for (const ReportPoint* each : points_)
      made.push_back(each == nullptr ? std::nullopt : std::optional<double>{value(*each)});
    return made;
  }
  [[nodiscard]] std::vector<std::optional<double>> seconds(std::optional<Duration> ReportPoint::*of) const {
    std::vector<std::optional<double>> made;
    for (const ReportPoint* each : points_) {
      const bool known = each != nullptr && each->*of;
      made.push_back(known ? std::optional{to_seconds(*(each->*of))} : std::nullopt);
    }
    return made;
  }

 private:
  [[nodiscard]] double x(const Report& report, figures::Wall at) const {
    return std::clamp(to_seconds(WallAnchor::between(report.span.from, at)) / whole_, 0.0, 1.0);
  }
  void add(double at, const ReportPoint* point) {
    at_.push_back(at);
    points_.push_back(point);
  }

  double whole_;
  std::vector<double> at_;
  std::vector<const ReportPoint*> points_;
};

std::string calls_chart(const Report& report, const Course& course) {
  double most = 0;
  for (const ReportPoint& each : report.course)
    most = std::max(most, each.successes + each.failures + each.refused);
  const double top = charts::round_top(most);
  const std::string plot = charts::stacked(
      course.at(),
      {{"c-good", course.values([](const ReportPoint& p) { return p.successes; })},
       {"c-bad", course.values([](const ReportPoint& p) { return p.failures; })},
       {"c-refused", course.values([](const ReportPoint& p) { return p.refused; })}},
      top, "Calls per second over time: good, failed, refused; at most " + words::number(most));
  return figure("Calls per second", {{"c-good", "good"}, {"c-bad", "failed"}, {"c-refused", "refused"}},
                axis(words::number(top), words::number(top / 2)) + plot + times(report.span));
}

std::string latency_chart(const Report& report, const Course& course) {
  double most = 0;
  for (const ReportPoint& each : report.course)
    if (each.p99) most = std::max(most, to_seconds(*each.p99));
  const double top = charts::round_top(most);
  const std::string plot =
      charts::lines(course.at(),
                    {{"c-p99", course.seconds(&ReportPoint::p99)},
                     {"c-p95", course.seconds(&ReportPoint::p95)},
                     {"c-p50", course.seconds(&ReportPoint::p50)}},
                    top, "Latency over time: p50, p95 and p99; at most " + words::length(from_seconds(most)));
  return figure("Latency", {{"c-p50", "p50"}, {"c-p95", "p95"}, {"c-p99", "p99"}},
                axis(words::length(from_seconds(top)), words::length(from_seconds(top / 2))) + plot +
                    times(report.span));
}

std::string states_chart(const Report& report) {
  std::vector<std::pair<std::string_view, std::string_view>> legend;
  for (const State state : states) {
    constexpr std::array<std::string_view, 5> styles{"s-closed", "s-open", "s-half_open", "s-forced_open",
                                                     "s-disabled"};
    const bool occurs =
        std::ranges::any_of(report.states, [&](const auto& each) { return each.state == state; });
    if (occurs) legend.emplace_back(styles[static_cast<std::size_t>(state)], to_string(state));
  }
  return figure("State", legend,
                charts::band(report.states, report.span,
                             "State over time, " + words::count(report.transitions.size(), "change")) +
                    times(report.span));
}

std::string course_part(const Report& report) {
  std::string charts = states_chart(report);
  if (report.past() == PastFrom::history && !report.course.empty()) {
    const Course course{report};
    charts += calls_chart(report, course) + latency_chart(report, course);
  }
  return section("Course", charts);
}

std::string openings_part(const Report& report) {
  constexpr std::size_t most = 200;
  const std::vector<OpeningRow> openings = opening_rows(report);
  if (openings.empty()) return section("Openings", "<p>The breaker did not open.</p>");
  std::string rows;
  for (std::size_t i = 0; i < std::min(most, openings.size()); ++i) {
    rows += "<tr><td>" + escaped(openings[i].at) + "</td><td>" + escaped(openings[i].evidence) + "</td><td>" +
            escaped(openings[i].outcome) + "</td></tr>";
  }
  std::string more;
  if (openings.size() > most)
    more = "<p class=\"quiet\">and " + std::to_string(openings.size() - most) + " earlier</p>";
  return section("Openings",
                 "<table><thead><tr><th>Opened (UTC)</th><th>Evidence</th><th>Outcome</th></tr>"
                 "</thead><tbody>" +
                     rows + "</tbody></table>" + more);
}

}  // namespace

std::string report_html(const Report& report) {
  const std::string name = escaped(report.present().circuit);
  const std::string_view state = to_string(report.present().breaker.state);
  std::string page =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\">"
      "<title>" +
      name + ": report</title><style>";
  page.append(style).append("</style></head><body><main>\n");
  page +=
      "<h1>" + name + " <span class=\"s-" + std::string{state} + "\">" + std::string{state} + "</span></h1>";
  page += "<p>" + words::instant(report.span.from) + " to " + words::instant(report.span.to) + " UTC, " +
          words::length(report.span.length()) + "</p><p class=\"quiet\">" +
          escaped(past_text(report.diagnosis)) + "</p>\n";
  page += findings_part(report) + figures_part(report) + course_part(report) + openings_part(report);
  return page + "</main></body></html>\n";
}

}  // namespace switchgear
