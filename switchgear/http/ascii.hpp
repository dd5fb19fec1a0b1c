// Character classes and case-insensitive comparison of RFC 9110, for untrusted bytes. No locale.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace switchgear::http {

namespace detail {
enum : std::uint8_t {
  token_char = 1,
  digit_char = 2,
  hex_char = 4,
  method_char = 8,
  target_char = 16,
  host_char = 32
};

inline constexpr auto char_classes = [] {
  std::array<std::uint8_t, 256> table{};
  const auto mark = [&table](std::string_view chars, std::uint8_t bit) {
    for (const char c : chars) table[static_cast<unsigned char>(c)] |= bit;
  };
  constexpr std::string_view upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  constexpr std::string_view lower = "abcdefghijklmnopqrstuvwxyz";
  constexpr std::string_view digits = "0123456789";
  for (const std::uint8_t bit : {token_char, host_char}) {
    mark(upper, bit);
    mark(lower, bit);
    mark(digits, bit);
  }
  mark("!#$%&'*+-.^_`|~", token_char);
  mark("-._~%!$&'()*+,;=", host_char);
  mark(digits, digit_char | hex_char);
  mark("abcdefABCDEF", hex_char);
  mark(upper, method_char);
  mark("-_", method_char);
  for (unsigned c = 0x21; c < 0x7f; ++c) table[c] |= target_char;
  // A fragment never travels; a backslash is a slash to some servers and so could dodge a route.
  table['#'] &= static_cast<std::uint8_t>(~target_char);
  table['\\'] &= static_cast<std::uint8_t>(~target_char);
  return table;
}();

[[nodiscard]] inline bool is(char c, std::uint8_t what) noexcept {
  return (char_classes[static_cast<unsigned char>(c)] & what) != 0;
}

[[nodiscard]] inline bool all(std::string_view text, std::uint8_t what) noexcept {
  for (const char c : text) {
    if (!is(c, what)) return false;
  }
  return true;
}
}  // namespace detail

[[nodiscard]] inline bool is_token(std::string_view text) noexcept {
  return !text.empty() && detail::all(text, detail::token_char);
}
[[nodiscard]] inline bool is_digits(std::string_view text) noexcept {
  return !text.empty() && detail::all(text, detail::digit_char);
}

[[nodiscard]] constexpr char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

/// `lower` must be lower case already.
[[nodiscard]] constexpr bool equals_lower(std::string_view text, std::string_view lower) noexcept {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (to_lower(text[i]) != lower[i]) return false;
  }
  return true;
}

[[nodiscard]] constexpr bool equals_ignoring_case(std::string_view left, std::string_view right) noexcept {
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (to_lower(left[i]) != to_lower(right[i])) return false;
  }
  return true;
}

/// Without the optional whitespace (SP, HTAB) around it.
[[nodiscard]] constexpr std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// True when `text` holds a control character other than HTAB: NUL, CR, LF, DEL and the rest.
[[nodiscard]] inline bool has_control(std::string_view text) noexcept {
  const auto suspicious = [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  };
  constexpr std::uint64_t ones = 0x0101010101010101U;
  constexpr std::uint64_t highs = 0x8080808080808080U;
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, at, 8);
    const std::uint64_t below_space = (eight - ones * 0x20) & ~eight & highs;
    const std::uint64_t del = eight ^ (ones * 0x7f);
    if ((below_space | ((del - ones) & ~del & highs)) == 0) continue;
    for (int i = 0; i < 8; ++i) {
      if (suspicious(at[i])) return true;
    }
  }
  for (; left > 0; ++at, --left) {
    if (suspicious(*at)) return true;
  }
  return false;
}

/// Calls `each(token)` for every element of a comma-separated list, empty ones skipped. Stops when it returns
/// false.
template <class Each>
bool for_each_in_list(std::string_view list, Each&& each) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view element = trimmed(list.substr(0, comma));
    if (!element.empty() && !each(element)) return false;
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return true;
}

}  // namespace switchgear::http
