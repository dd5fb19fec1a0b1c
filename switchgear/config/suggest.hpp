// "Did you mean": the known word nearest to a mistyped one.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace switchgear::config {

/// The nearest candidate by edits (a letter more, less, other, or two swapped; case and `-` for `_` cost
/// nothing), if it is near enough to be meant: one edit in three letters. The first of equals. Looks at no
/// more than 1,000 candidates.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view word,
                                                      std::span<const std::string_view> candidates);

/// `; did you mean "x"?`, or nothing.
[[nodiscard]] std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

/// `a, b or c`.
[[nodiscard]] std::string one_of(std::span<const std::string_view> words);

}  // namespace switchgear::config
