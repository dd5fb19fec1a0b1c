// Text of others on a terminal: names are data, and must neither steer it nor break its columns.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace switchgear::control {

/// What one or two columns of a terminal show.
struct Glyph {
  std::string text;         ///< UTF-8: a character and the marks that combine with it
  std::size_t columns = 1;  ///< 1, or 2 for a wide character
};

/// `text`, read as UTF-8. Every control character, byte that is not UTF-8, character that changes how others
/// are shown (direction, joining, variants) and character without a known width is a `?` of one column. A
/// character keeps at most two combining marks.
[[nodiscard]] std::vector<Glyph> glyphs_of(std::string_view text);

/// The same as one text.
[[nodiscard]] std::string printable(std::string_view text);

/// How many columns printable(text) takes.
[[nodiscard]] std::size_t columns_of(std::string_view text);

/// printable(text) in exactly `columns`: padded with spaces, or cut, with `…` as its last character.
[[nodiscard]] std::string fitted(std::string_view text, std::size_t columns);

}  // namespace switchgear::control
