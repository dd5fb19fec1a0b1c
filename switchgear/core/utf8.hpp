// Text from untrusted sources: names of files, and names that clients write.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace switchgear {

/// The length of the well-formed UTF-8 character at the front of `rest`, 0 if there is none (Unicode table
/// 3-7: no overlong forms, no surrogates).
[[nodiscard]] std::size_t utf8_length(std::string_view rest) noexcept;

/// The same text with U+FFFD in place of every byte that is not UTF-8.
[[nodiscard]] std::string as_utf8(std::string_view text);

/// A terminal does not show these, and may obey them: controls, spaces that are not the one of ASCII, what
/// has no width, what turns the direction of writing. Joiners (U+200C, U+200D) are not among them: letters
/// need them.
[[nodiscard]] bool is_invisible(char32_t code) noexcept;

struct Utf8Character {
  char32_t code;
  std::size_t length;
};

/// The character at the front of a text that is not empty. A byte that starts none stands for itself: names
/// of files need not be UTF-8.
[[nodiscard]] Utf8Character first_character(std::string_view text) noexcept;

/// as_utf8() on one line: a space in place of each invisible character.
[[nodiscard]] std::string on_one_line(std::string_view text);

}  // namespace switchgear
