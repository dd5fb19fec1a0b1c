// The text of an alert, with names in double braces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "switchgear/core/time.hpp"

namespace switchgear::alert {

/// What the names of a template stand for.
struct MessageFacts {
  std::string_view circuit, rule, severity, state, service, instance, runbook;
  std::string_view
      evidence;  ///< a sentence without a full stop: `failure rate 0.62 of 120 calls within 5m (limit 0.5)`
  double value = 0;         ///< what the rule saw
  double threshold = 0;     ///< and its limit
  std::uint64_t calls = 0;  ///< that `value` is about; 0: not about calls
  Duration duration{};      ///< since the conditions began to hold
  WallAnchor::Wall since{};
};

/// Text with `{{name}}`; spaces within the braces do not matter. Parsed once, so that a name that does not
/// exist is an error of the file and not of the alert.
class MessageTemplate {
 public:
  static constexpr std::size_t longest = 2000;  ///< bytes

  MessageTemplate() = default;  ///< renders to nothing
  /// The text, or `problem`: what was found and what is expected.
  [[nodiscard]] static MessageTemplate parse(std::string_view text, std::string& problem);

  [[nodiscard]] std::string render(const MessageFacts& facts) const;

  [[nodiscard]] static std::span<const std::string_view> names() noexcept;

 private:
  using Piece = std::variant<std::string, std::size_t>;  ///< text, or the index of a name
  std::vector<Piece> pieces_;
};

/// A template that is known to be right. Throws std::invalid_argument when it is not.
[[nodiscard]] MessageTemplate message_template(std::string_view text);

/// A length for people: `5m`, `1h 20m`, `35s`; two units at most, milliseconds below a second.
[[nodiscard]] std::string spoken(Duration length);

/// Six digits at most: `0.62`, `14.4`.
[[nodiscard]] std::string spoken(double number);

}  // namespace switchgear::alert
