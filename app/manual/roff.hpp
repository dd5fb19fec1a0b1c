// Text for man(7): what must be escaped, and lines of a readable width.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace switchgear::manual {

/// `text` as it is, for any place in a line. A hyphen is a hyphen that can be searched for and copied.
[[nodiscard]] std::string escaped(std::string_view text);
[[nodiscard]] std::string bold(std::string_view text);
[[nodiscard]] std::string italic(std::string_view text);

/// A page that grows. Whatever takes `line` takes it escaped.
class Roff {
 public:
  /// `.TH` and the like. An argument that has a space is quoted.
  Roff& macro(std::string_view name, std::initializer_list<std::string_view> arguments = {});
  /// Breaks it between words, so that a line of the source has at most 78 bytes where it can.
  Roff& text(std::string_view line);
  /// An entry of a list: its term, and what is said of it below.
  Roff& entry(std::string_view term, std::string_view line);

  [[nodiscard]] std::string take() { return std::move(page_); }

 private:
  std::string page_;
};

}  // namespace switchgear::manual
