// Changes of a text as `patch` and `git apply` take them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace switchgear::experiment {

/// Bytes [begin, end) of a text, and what is to stand there instead.
struct Edit {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string text;
};

/// `edits`: sorted, none overlaps another.
[[nodiscard]] std::string edited(std::string_view text, const std::vector<Edit>& edits);

/// As a unified diff with three lines of context, from `a/file` to `b/file`, which are quoted as GNU diff
/// does it where they have to be.
[[nodiscard]] std::string unified_diff(std::string_view file, std::string_view text,
                                       const std::vector<Edit>& edits);

}  // namespace switchgear::experiment
