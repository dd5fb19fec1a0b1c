// A screen before it is on a terminal: cells with a text and a style each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace switchgear::top {

/// What a colour would say. A terminal without colours shows all alike: no page relies on it alone.
enum class Tone : std::uint8_t { normal, good, warn, bad, quiet, accent };

struct Style {
  Tone tone = Tone::normal;
  bool bold = false;
  bool reverse = false;

  friend bool operator==(const Style&, const Style&) = default;
};

inline constexpr Style plain{};
inline constexpr Style quiet{Tone::quiet};
inline constexpr Style heading{Tone::accent, true};

struct Piece {
  std::string text;
  Style style{};
};
using Line = std::vector<Piece>;
using Lines = std::vector<Line>;

struct Size {
  int rows = 24;
  int columns = 80;

  friend bool operator==(const Size&, const Size&) = default;
};

/// Whatever is put on it stays within it: text is cut at the right edge, and made printable first.
class Canvas {
 public:
  struct Cell {
    std::string text{" "};    ///< empty in the right half of a wide character
    std::size_t columns = 1;  ///< 0 in the right half of a wide character
    Style style{};
  };

  explicit Canvas(Size size);

  [[nodiscard]] Size size() const noexcept { return size_; }
  [[nodiscard]] const Cell& at(int row, int column) const { return cells_[index(row, column)]; }

  /// Returns the column behind the text. A row or column outside is allowed, and shows nothing.
  int put(int row, int column, std::string_view text, Style style = {});
  int put(int row, int column, const Line& line);
  /// The whole row stands out. Its cells keep their texts, and lose their colours: in reverse these would be
  /// blocks.
  void highlight(int row);

  /// The rows without spaces at their ends, an LF behind each: for tests and for documents.
  [[nodiscard]] std::string text() const;

  /// The same with ASCII alone, for a terminal whose locale has nothing else: `#` for a block, `?` for
  /// letters.
  [[nodiscard]] Canvas in_ascii() const;

 private:
  [[nodiscard]] std::size_t index(int row, int column) const {
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(size_.columns) +
           static_cast<std::size_t>(column);
  }
  void clear_cell(int row, int column);

  Size size_;
  std::vector<Cell> cells_;
};

}  // namespace switchgear::top
