#include "switchgear/core/utf8.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace switchgear {

std::size_t utf8_length(std::string_view rest) noexcept {
  const auto byte = [&](std::size_t i) { return i < rest.size() ? static_cast<unsigned char>(rest[i]) : 0U; };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80U) return 1;
  if (first < 0xC2U) return 0;
  if (first < 0xE0U) return follows(1) ? 2 : 0;
  if (first < 0xF0U) {
    if (first == 0xE0U && byte(1) < 0xA0U) return 0;
    if (first == 0xEDU && byte(1) > 0x9FU) return 0;
    return follows(1) && follows(2) ? 3 : 0;
  }
  if (first > 0xF4U) return 0;
  if (first == 0xF0U && byte(1) < 0x90U) return 0;
  if (first == 0xF4U && byte(1) > 0x8FU) return 0;
  return follows(1) && follows(2) && follows(3) ? 4 : 0;
}

std::string as_utf8(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    clean += length == 0 ? "\xEF\xBF\xBD" : text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return clean;
}

bool is_invisible(char32_t code) noexcept {
  static constexpr std::array<std::pair<char32_t, char32_t>, 13> ranges{{{0x00, 0x1F},
                                                                         {0x7F, 0xA0},
                                                                         {0xAD, 0xAD},
                                                                         {0x61C, 0x61C},
                                                                         {0x1680, 0x1680},
                                                                         {0x180E, 0x180E},
                                                                         {0x2000, 0x200B},
                                                                         {0x200E, 0x200F},
                                                                         {0x2028, 0x202F},
                                                                         {0x205F, 0x206F},
                                                                         {0x3000, 0x3000},
                                                                         {0xFEFF, 0xFEFF},
                                                                         {0xE0000, 0xE007F}}};
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const auto& range) { return code >= range.first && code <= range.second; });
}

Utf8Character first_character(std::string_view text) noexcept {
  const unsigned first = static_cast<unsigned char>(text.front());
  const std::size_t length = utf8_length(text);
  if (length <= 1) return {first, 1};
  char32_t code = first & (0x7FU >> length);
  for (const char next : text.substr(1, length - 1))
    code = code << 6U | (static_cast<unsigned char>(next) & 0x3FU);
  return {code, length};
}

std::string on_one_line(std::string_view text) {
  const std::string clean = as_utf8(text);
  std::string line;
  line.reserve(clean.size());
  for (std::string_view rest = clean; !rest.empty();) {
    const Utf8Character next = first_character(rest);
    line += is_invisible(next.code) ? std::string_view{" "} : rest.substr(0, next.length);
    rest.remove_prefix(next.length);
  }
  return line;
}

}  // namespace switchgear
