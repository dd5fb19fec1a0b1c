#include "app/top/canvas.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "app/control/terminal_text.hpp"

namespace switchgear::top {
namespace {

std::string ascii_of(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 25> known{
      {{"█", "#"}, {"▌", "+"}, {"░", "-"}, {"▁", "_"}, {"▂", "."}, {"▃", ":"}, {"▄", "-"},
       {"▅", "="}, {"▆", "+"}, {"▇", "*"}, {"…", "~"}, {"→", ">"}, {"·", "-"}, {"▲", "^"},
       {"▼", "v"}, {"─", "-"}, {"│", "|"}, {"┌", "+"}, {"┐", "+"}, {"└", "+"}, {"┘", "+"},
       {"↑", "^"}, {"↓", "v"}, {"≥", ">"}, {"›", ">"}}};
  if (text.size() <= 1) return std::string{text};
  const auto* found =
      std::find_if(known.begin(), known.end(), [text](const auto& each) { return each.first == text; });
  return std::string{found == known.end() ? "?" : found->second};
}

}  // namespace

Canvas::Canvas(Size size) : size_{std::max(size.rows, 1), std::max(size.columns, 1)} {
  cells_.resize(static_cast<std::size_t>(size_.rows) * static_cast<std::size_t>(size_.columns));
}

/// Half a wide character cannot be shown: when one half goes, the other becomes a space.
void Canvas::clear_cell(int row, int column) {
  Cell& cell = cells_[index(row, column)];
  if (cell.columns == 2 && column + 1 < size_.columns) cells_[index(row, column + 1)] = {};
  if (cell.columns == 0 && column > 0) cells_[index(row, column - 1)] = {};
  cell = {};
}

int Canvas::put(int row, int column, std::string_view text, Style style) {
  for (control::Glyph& glyph : control::glyphs_of(text)) {
    const int width = static_cast<int>(glyph.columns);
    if (row >= 0 && row < size_.rows && column >= 0 && column + width <= size_.columns) {
      for (int each = 0; each < width; ++each) clear_cell(row, column + each);
      cells_[index(row, column)] = {std::move(glyph.text), glyph.columns, style};
      if (width == 2) cells_[index(row, column + 1)] = {"", 0, style};
    }
    column += width;
  }
  return column;
}

int Canvas::put(int row, int column, const Line& line) {
  for (const Piece& piece : line) column = put(row, column, piece.text, piece.style);
  return column;
}

void Canvas::highlight(int row) {
  for (int column = 0; column < size_.columns; ++column) {
    Style& style = cells_[index(row, column)].style;
    style = {Tone::normal, style.bold, true};
  }
}

std::string Canvas::text() const {
  std::string made;
  for (int row = 0; row < size_.rows; ++row) {
    std::string line;
    for (int column = 0; column < size_.columns; ++column) line += at(row, column).text;
    line.erase(line.find_last_not_of(' ') + 1);
    made += line + '\n';
  }
  return made;
}

Canvas Canvas::in_ascii() const {
  Canvas made = *this;
  for (Cell& cell : made.cells_) {
    cell.text = cell.columns == 0 ? "?" : ascii_of(cell.text);
    cell.columns = 1;
  }
  return made;
}

}  // namespace switchgear::top
