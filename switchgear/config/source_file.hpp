// Bytes from the file system, in bounds: the configuration itself and the secrets it names. Blocking, no
// throwing.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "switchgear/config/report.hpp"

namespace switchgear::config {

struct ReadResult {
  std::optional<std::string> bytes;
  std::string
      problem;  ///< set when `bytes` is not; a phrase like "cannot be read: No such file or directory"
};

/// Pipes and devices are read too, so that `switchgear check /dev/stdin` works; a directory is not.
[[nodiscard]] ReadResult read_standard_input(std::size_t limit);
[[nodiscard]] ReadResult read_file(const std::string& path, std::size_t limit, FileKind kind = FileKind::any);

/// Only a regular file (or a link to one), so that a pipe without a writer cannot hang a reload. One newline
/// at the end is taken off.
[[nodiscard]] ReadResult read_secret(const std::string& path, std::size_t limit);

/// Whether both names lead to one file, which need not be there yet.
[[nodiscard]] bool is_same_file(const std::string& a, const std::string& b);

/// What makes bytes unfit to be text: where, and why.
struct BadText {
  std::size_t offset = 0;
  std::string_view problem;
};

/// The first NUL, or the first byte that is not UTF-8 (Unicode table 3-7: no overlong forms, no surrogates).
[[nodiscard]] std::optional<BadText> find_bad_text(std::string_view text);

/// The place of a byte.
[[nodiscard]] Mark mark_of(std::string_view text, std::size_t offset);

}  // namespace switchgear::config
