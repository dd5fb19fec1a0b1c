// Rows of fixed columns under their titles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "app/top/canvas.hpp"

namespace switchgear::top {

enum class Align : std::uint8_t { left, right };

struct Column {
  std::string title;
  std::size_t width = 0;  ///< 0: what the others leave; one column at most
  Align align = Align::left;
  bool sorted = false;  ///< shown with an arrow
  bool upwards = false;
};

/// The widths for a screen of `columns`; a space stands between two, and two before the first, for the mark
/// of the selected row.
[[nodiscard]] std::vector<Column> laid_out(std::vector<Column> table, std::size_t columns,
                                           std::size_t most_for_the_rest);

[[nodiscard]] Line head_of(const std::vector<Column>& table);
/// `cells`: one for each column.
[[nodiscard]] Line row_of(const std::vector<Column>& table, const std::vector<Piece>& cells, bool selected);

}  // namespace switchgear::top
