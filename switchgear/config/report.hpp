// Where findings are gathered while a file is read: with the place, the key's path, in any order; handed out
// in file order. Never here: knowledge of YAML or of any key.
#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/config/config.hpp"

namespace switchgear::config {

/// A place in the file; both numbers count from 1, columns in characters.
struct Mark {
  std::size_t line = 1;
  std::size_t column = 1;

  friend auto operator<=>(const Mark&, const Mark&) = default;
};

class Report {
 public:
  explicit Report(std::string file) : file_(std::move(file)) {}

  /// `path` is the key's (`policies.payment.timeout`), empty when the finding concerns no key.
  void error(Mark at, std::string_view path, std::string_view message) { add(errors_, at, path, message); }
  /// An error about options that are valid each by itself, and impossible together.
  void contradiction(Mark at, std::string_view path, std::string_view message) {
    ++contradictions_;
    error(at, path, message);
  }
  void warning(Mark at, std::string_view path, std::string_view message) {
    add(warnings_, at, path, message);
  }

  /// A value was met that has been reported before, as one whose variable is not set: it is not said twice,
  /// but what depends on it cannot be judged either.
  void met_again() noexcept { ++met_again_; }

  /// The number of errors so far: compared before and after a section, it says whether all of it was read.
  [[nodiscard]] std::size_t errors() const noexcept { return errors_.found + met_again_; }
  /// Every option could be read, and some of them are impossible together.
  [[nodiscard]] bool only_contradictions() const noexcept {
    return contradictions_ > 0 && contradictions_ == errors();
  }
  /// No further error will be kept, so its wording need not be made.
  [[nodiscard]] bool full() const noexcept { return errors_.kept.size() >= most_kept; }

  [[nodiscard]] std::vector<Diagnostic> take_errors() { return take(errors_); }
  [[nodiscard]] std::vector<Diagnostic> take_warnings() { return take(warnings_); }

 private:
  // A megabyte of mistakes must not become a gigabyte of messages.
  static constexpr std::size_t most_kept = 1000;

  struct Findings {
    std::vector<Diagnostic> kept;
    std::size_t found = 0;
  };

  void add(Findings& findings, Mark at, std::string_view path, std::string_view message) const;
  [[nodiscard]] std::vector<Diagnostic> take(Findings& findings) const;

  std::string file_;
  Findings errors_;
  Findings warnings_;
  std::size_t met_again_ = 0;
  std::size_t contradictions_ = 0;
};

/// What was found, fit for one line of a terminal: what a terminal would not show (control characters, spaces
/// of no width or an unusual kind, marks that turn the direction of writing) is escaped; about 200 bytes at
/// most.
[[nodiscard]] std::string printable(std::string_view text);

/// The same in double quotes.
[[nodiscard]] std::string quoted(std::string_view text);

/// `parent.key`, or `key` at the top.
[[nodiscard]] std::string join(std::string_view parent, std::string_view key);

}  // namespace switchgear::config
