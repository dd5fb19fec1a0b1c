// Character classes and case-insensitive comparison of RFC 9110, for untrusted bytes. No locale.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

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

namespace detail {
/// Eight characters, of which most are looked at together.
[[nodiscard]] inline std::uint64_t load_eight(const char* from) noexcept {
  std::uint64_t eight = 0;
  std::memcpy(&eight, from, 8);
  return eight;
}

[[nodiscard]] constexpr std::uint64_t in_all(unsigned char c) noexcept { return c * 0x0101010101010101U; }

[[nodiscard]] constexpr std::uint64_t to_lower(std::uint64_t eight) noexcept {
  const std::uint64_t seven_bits = eight & in_all(0x7f);
  const std::uint64_t from_a = seven_bits + in_all(0x80 - 'A');
  const std::uint64_t beyond_z = seven_bits + in_all(0x7f - 'Z');
  const std::uint64_t upper = (from_a ^ beyond_z) & ~eight & in_all(0x80);
  return eight | (upper >> 2);  // 0x20 where it is set
}

/// Whether all of `size` characters are as they should be: `eight(i)` tells of those from `i` on, `one(i)` of
/// one. The last eight are looked at together with some before them.
template <class Eight, class One>
[[nodiscard]] constexpr bool for_all(std::size_t size, Eight eight, One one) noexcept {
  if (size < 8 || std::is_constant_evaluated()) {
    for (std::size_t i = 0; i < size; ++i) {
      if (!one(i)) return false;
    }
    return true;
  }
  for (std::size_t i = 0; i + 8 < size; i += 8) {
    if (!eight(i)) return false;
  }
  return eight(size - 8);
}
}  // namespace detail

/// `lower` must be lower case already.
[[nodiscard]] constexpr bool equals_lower(std::string_view text, std::string_view lower) noexcept {
  if (text.size() != lower.size()) return false;
  return detail::for_all(
      text.size(),
      [&](std::size_t i) {
        return detail::to_lower(detail::load_eight(text.data() + i)) == detail::load_eight(lower.data() + i);
      },
      [&](std::size_t i) { return to_lower(text[i]) == lower[i]; });
}

[[nodiscard]] constexpr bool equals_ignoring_case(std::string_view left, std::string_view right) noexcept {
  if (left.size() != right.size()) return false;
  return detail::for_all(
      left.size(),
      [&](std::size_t i) {
        return detail::to_lower(detail::load_eight(left.data() + i)) ==
               detail::to_lower(detail::load_eight(right.data() + i));
      },
      [&](std::size_t i) { return to_lower(left[i]) == to_lower(right[i]); });
}

/// Without the optional whitespace (SP, HTAB) around it.
[[nodiscard]] constexpr std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

namespace detail {
[[nodiscard]] constexpr bool is_control(char c) noexcept {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
}
/// True also for HTAB, and for characters that follow a control character.
[[nodiscard]] constexpr bool may_have_control(std::uint64_t eight) noexcept {
  const std::uint64_t below_space = (eight - in_all(0x20)) & ~eight;
  const std::uint64_t del = eight ^ in_all(0x7f);
  return ((below_space | ((del - in_all(1)) & ~del)) & in_all(0x80)) != 0;
}
}  // namespace detail

/// True when `text` holds a control character other than HTAB: NUL, CR, LF, DEL and the rest.
[[nodiscard]] inline bool has_control(std::string_view text) noexcept {
  const auto is_free = [&](std::size_t i) { return !detail::is_control(text[i]); };
  const auto eight_are_free = [&](std::size_t from) {
    if (!detail::may_have_control(detail::load_eight(text.data() + from))) return true;
    for (std::size_t i = from; i < from + 8; ++i) {
      if (!is_free(i)) return false;
    }
    return true;
  };
  return !detail::for_all(text.size(), eight_are_free, is_free);
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
