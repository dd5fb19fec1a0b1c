// The labels of an alert, and patterns that choose alerts by them.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

namespace switchgear::alert {

/// `rule`, `circuit`, `severity` and `instance`, what the program says about the circuit (`service`,
/// `scope`), and the circuit's tags.
using Labels = std::map<std::string, std::string, std::less<>>;

/// The value of a label; empty when the alert has none of that name.
[[nodiscard]] inline std::string_view label_of(const Labels& labels, std::string_view name) noexcept {
  const auto at = labels.find(name);
  return at == labels.end() ? std::string_view{} : std::string_view{at->second};
}

/// Whether `text` fits `pattern`, in which each `*` stands for any text, also none. O(pattern × text).
[[nodiscard]] constexpr bool fits(std::string_view pattern, std::string_view text) noexcept {
  std::size_t at = 0;
  std::size_t in_text = 0;
  std::size_t star = std::string_view::npos;
  std::size_t tried = 0;
  while (in_text < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      tried = in_text;
    } else if (at < pattern.size() && pattern[at] == text[in_text]) {
      ++at;
      ++in_text;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      in_text = ++tried;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

/// Chooses alerts: each label named must fit its pattern; a missing label is an empty one.
using Matcher = std::map<std::string, std::string, std::less<>>;

[[nodiscard]] inline bool fits(const Matcher& matcher, const Labels& labels) noexcept {
  return std::ranges::all_of(
      matcher, [&](const auto& wanted) { return fits(wanted.second, label_of(labels, wanted.first)); });
}

}  // namespace switchgear::alert
