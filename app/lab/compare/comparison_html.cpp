#include <string>
#include <string_view>

#include "app/lab/compare/chart.hpp"
#include "app/lab/compare/comparison_report.hpp"
#include "app/lab/compare/comparison_rows.hpp"
#include "switchgear/observe/report/charts.hpp"

namespace switchgear::lab {

namespace {

using charts::escaped;

constexpr std::string_view style = R"(
:root { color-scheme: light; }
body { margin: 0; background: #f3f5f8; color: #16202c; font: 15px/1.5 system-ui, -apple-system, "Segoe UI",
  Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 20px 16px 48px; }
h1 { font-size: 24px; margin: 0 0 8px; }
p { margin: 0; color: #566273; }
section { background: #fff; border: 1px solid #e0e5ec; border-radius: 10px; padding: 16px; margin-top: 16px;
  overflow-x: auto; }
svg { display: block; width: 100%; min-width: 640px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 0 5px 20px; text-align: right; border-top: 1px solid #e0e5ec; }
th:first-child { padding-left: 0; text-align: left; font-weight: 400; }
thead th { border-top: 0; font-weight: 600; vertical-align: bottom; }
.head th { padding-top: 16px; color: #566273; font-weight: 600; text-align: left; }
@media print { body { background: #fff; font-size: 11px; } section { break-inside: avoid; } }
)";

std::string table(const Comparison& comparison) {
  std::string made = "<table><thead><tr><th></th>";
  for (const Arm& arm : comparison.arms) made += "<th scope=\"col\">" + escaped(arm.policy) + "</th>";
  made += "</tr></thead>\n<tbody>\n";
  const std::string whole = std::to_string(comparison.arms.size() + 1);
  for (const ComparisonRow& row : rows_of(comparison)) {
    if (row.cells.empty()) {
      made += "<tr class=\"head\"><th colspan=\"" + whole + "\">" + escaped(row.name) + "</th></tr>\n";
      continue;
    }
    made += "<tr><th scope=\"row\">" + escaped(row.name) + "</th>";
    for (const std::string& cell : row.cells) made += "<td>" + escaped(cell) + "</td>";
    made += "</tr>\n";
  }
  return made + "</tbody></table>";
}

}  // namespace

std::string comparison_html(const Comparison& comparison, const Calls& calls) {
  std::string title = "Comparison of";
  const char* before = " ";
  for (const Arm& arm : comparison.arms) {
    title += before + escaped(arm.policy);
    before = ", ";
  }
  std::string page = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" + title +
                     "</title><meta name=\"viewport\" content=\"width=device-width\"><style>" +
                     std::string(style) + "</style></head>\n<body><main><h1>" + title + "</h1>\n";
  for (const std::string& line : summary_of(comparison)) page += "<p>" + escaped(line) + "</p>\n";
  page +=
      "<section>" + chart(comparison, calls) + "</section>\n<section>" + table(comparison) + "</section>\n";
  return page + "</main></body></html>\n";
}

}  // namespace switchgear::lab
