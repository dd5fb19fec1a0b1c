#include "switchgear/config/suggest.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "switchgear/config/report.hpp"

namespace switchgear::config {

namespace {

constexpr std::size_t longest_word = 128;
constexpr std::size_t most_candidates = 1000;

char fold(char letter) noexcept {
  if (letter >= 'A' && letter <= 'Z') return static_cast<char>(letter - 'A' + 'a');
  return letter == '-' ? '_' : letter;
}

/// Optimal string alignment distance; anything above `limit` is returned as `limit + 1`, found out early.
std::size_t distance(std::string_view a, std::string_view b, std::size_t limit) {
  const std::size_t longer = std::max(a.size(), b.size());
  if (longer - std::min(a.size(), b.size()) > limit) return limit + 1;
  using Row = std::array<std::uint8_t, longest_word + 1>;
  Row before_last{};
  Row last{};
  Row row{};
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = static_cast<std::uint8_t>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = static_cast<std::uint8_t>(i);
    std::size_t least = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = fold(a[i - 1]) == fold(b[j - 1]);
      int edits = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      const bool swapped =
          i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) && fold(a[i - 2]) == fold(b[j - 1]);
      if (swapped) edits = std::min(edits, before_last[j - 2] + 1);
      row[j] = static_cast<std::uint8_t>(edits);
      least = std::min<std::size_t>(least, row[j]);
    }
    // A swap reaches back two rows, so one row above the limit is not yet the end.
    if (least > limit + 1) return limit + 1;
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return std::min<std::size_t>(last[b.size()], limit + 1);
}

}  // namespace

std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.size() > longest_word) return std::nullopt;
  std::optional<std::string_view> best;
  std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string_view candidate : candidates.first(std::min(candidates.size(), most_candidates))) {
    if (candidate.size() > longest_word || candidate.size() < 2) continue;
    const std::size_t edits = distance(word, candidate, least - 1);
    if (edits >= least) continue;
    best = candidate;
    least = edits;
    if (least == 0) break;
  }
  return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
  const auto meant = nearest(word, candidates);
  return meant ? "; did you mean " + quoted(*meant) + "?" : std::string{};
}

std::string one_of(std::span<const std::string_view> words) {
  std::string result;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) result += i + 1 == words.size() ? " or " : ", ";
    result += words[i];
  }
  return result;
}

}  // namespace switchgear::config
