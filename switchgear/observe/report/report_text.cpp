// A report as text: what `switchgear report` prints.
#include <algorithm>

#include "switchgear/observe/diagnosis/words.hpp"
#include "switchgear/observe/report/figure_rows.hpp"
#include "switchgear/observe/report/report.hpp"

namespace switchgear {

namespace {

void add_padded(std::string& to, const std::string& text, std::size_t width) {
  to += text;
  to.append(width > text.size() ? width - text.size() : 1, ' ');
}

}  // namespace

std::string report_text(const Report& report) {
  std::string text = "Report on " + words::plain(report.present().circuit) + "\n";
  text += words::instant(report.span.from) + " to " + words::instant(report.span.to) + " UTC, " +
          words::length(report.span.length()) + "\n" + past_text(report.diagnosis) + "\n\n";
  for (const FigureRow& each : figure_rows(report)) {
    text += "  ";
    add_padded(text, each.name, 21);
    if (each.remark.empty()) {
      text += each.value;
    } else {
      add_padded(text, each.value, 14);
      text += each.remark;
    }
    text += "\n";
  }
  constexpr std::size_t most = 10;
  const std::vector<OpeningRow> openings = opening_rows(report);
  if (!openings.empty()) text += "\nOpenings\n";
  for (std::size_t i = 0; i < std::min(most, openings.size()); ++i) {
    text += "  " + openings[i].at + "  " + openings[i].evidence + "\n" + std::string(23, ' ') +
            openings[i].outcome + "\n";
  }
  if (openings.size() > most) text += "  and " + std::to_string(openings.size() - most) + " earlier\n";
  if (!report.diagnosis.findings.empty()) text += "\nWhat to do\n";
  for (const Finding& each : report.diagnosis.findings) {
    text += "- " + each.cause + "\n  " + each.action + "\n  See docs/runbooks/";
    text.append(each.page).append(".md\n");
  }
  return text;
}

}  // namespace switchgear
