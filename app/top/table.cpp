#include "app/top/table.hpp"

#include <algorithm>

#include "app/control/terminal_text.hpp"
#include "app/top/figures.hpp"

namespace switchgear::top {
namespace {

std::string aligned(const std::string& text, const Column& column) {
  return column.align == Align::right ? right_fitted(text, column.width)
                                      : control::fitted(text, column.width);
}

}  // namespace

std::vector<Column> laid_out(std::vector<Column> table, std::size_t columns, std::size_t most_for_the_rest) {
  std::size_t taken = 1;  // with the space that stands before each column, two before the first
  for (const Column& column : table) taken += column.width + 1;
  for (Column& column : table) {
    if (column.width == 0)
      column.width = std::clamp<std::size_t>(columns - std::min(columns, taken), 1, most_for_the_rest);
  }
  return table;
}

Line head_of(const std::vector<Column>& table) {
  Line line{{" ", heading}};
  for (const Column& column : table) {
    std::string title = column.title;
    if (column.sorted) title += column.upwards ? "▲" : "▼";
    line.push_back({" " + aligned(title, column), heading});
  }
  return line;
}

Line row_of(const std::vector<Column>& table, const std::vector<Piece>& cells, bool selected) {
  Line line{{selected ? "›" : " ", plain}};
  for (std::size_t each = 0; each < table.size() && each < cells.size(); ++each)
    line.push_back({" " + aligned(cells[each].text, table[each]), cells[each].style});
  return line;
}

}  // namespace switchgear::top
