#include <algorithm>
#include <iomanip>
#include <string>
#include <vector>

#include "app/lab/compare/comparison_report.hpp"
#include "app/lab/compare/comparison_rows.hpp"

namespace switchgear::lab {

namespace {

constexpr std::string_view indent = "  ";

/// Terminal columns of UTF-8 text of one column a character.
std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xC0) != 0x80; }));
}

void print_cell(std::ostream& out, std::string_view text, std::size_t width) {
  out << indent << std::string(width - columns(text), ' ') << text;
}

}  // namespace

void print_text(const Comparison& comparison, std::ostream& out) {
  for (const std::string& line : summary_of(comparison)) out << line << '\n';
  out << '\n';

  const std::vector<ComparisonRow> rows = rows_of(comparison);
  std::size_t names = 0;
  std::vector<std::size_t> widths;
  for (const Arm& arm : comparison.arms) widths.push_back(columns(arm.policy));
  for (const ComparisonRow& row : rows) {
    names = std::max(names, row.name.size() + (row.cells.empty() ? 0 : indent.size()));
    for (std::size_t i = 0; i < row.cells.size(); ++i) widths[i] = std::max(widths[i], columns(row.cells[i]));
  }
  out << std::string(names, ' ');
  for (std::size_t i = 0; i < widths.size(); ++i) print_cell(out, comparison.arms[i].policy, widths[i]);
  out << '\n';
  for (const ComparisonRow& row : rows) {
    if (row.cells.empty()) {
      out << row.name << '\n';
      continue;
    }
    out << indent << row.name << std::string(names - indent.size() - row.name.size(), ' ');
    for (std::size_t i = 0; i < row.cells.size(); ++i) print_cell(out, row.cells[i], widths[i]);
    out << '\n';
  }
}

}  // namespace switchgear::lab
