// Texts of ASCII letters.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>

namespace switchgear::config {

inline constexpr std::string_view capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
inline constexpr std::string_view smalls = "abcdefghijklmnopqrstuvwxyz";
inline constexpr std::string_view digits = "0123456789";

[[nodiscard]] inline bool consists_of(std::string_view text, std::initializer_list<std::string_view> sets) {
  return std::ranges::all_of(text, [&](char letter) {
    return std::ranges::any_of(sets, [&](std::string_view set) { return set.find(letter) != set.npos; });
  });
}

/// Each letter of `from` becomes the one at the same place in `to`.
[[nodiscard]] inline std::string mapped(std::string_view text, std::string_view from, std::string_view to) {
  std::string result(text);
  for (char& letter : result) {
    if (const std::size_t at = from.find(letter); at != from.npos) letter = to[at];
  }
  return result;
}

}  // namespace switchgear::config
