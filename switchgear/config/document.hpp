// A YAML document as a tree of values that know their place. The only file that knows libfyaml is
// document.cpp. Structure only: what a key means, and whether it may be there, is for the sections to say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/config/report.hpp"

namespace switchgear::config {

struct Entry;

struct Node {
  enum class Kind : std::uint8_t { scalar, sequence, mapping };
  enum class Style : std::uint8_t { plain, quoted, from_environment };

  Kind kind = Kind::scalar;
  Style style = Style::plain;
  bool broken = false;  ///< already reported: readers skip it without a further error
  Mark at;
  std::string text;            ///< of a scalar
  std::vector<Node> items;     ///< of a sequence
  std::vector<Entry> entries;  ///< of a mapping, in file order, repeated keys included

  /// Nothing was written: `key:`, `key: ~`, `key: null`.
  [[nodiscard]] bool empty() const noexcept {
    return kind == Kind::scalar && style == Style::plain && (text.empty() || text == "~" || text == "null");
  }
};

struct Entry {
  std::string key;
  Mark at;
  Node value;
};

/// Deeper nesting is refused: the schema needs 6.
inline constexpr std::size_t deepest = 32;

/// Parses one document. Anchors, aliases, tags and a second document are refused: nothing in a policy file
/// needs them, and an alias is how a small file becomes a large one. After an error the tree may be
/// incomplete; after a syntax error there is none.
[[nodiscard]] std::optional<Node> parse_document(std::string_view text, Report& report);

/// How much a file of another program may hold.
struct ForeignLimits {
  std::size_t depth = 64;
  std::size_t nodes = 200'000;  ///< with every alias replaced by a copy: how a small file becomes a large one
};

/// Parses every document of a file that another program reads: anchors and aliases are taken, and an alias is
/// a copy of its anchor's value, with the places of that. Tags, directives and explicit keys are refused as
/// above. Empty after a syntax error, or beyond the limits.
[[nodiscard]] std::vector<Node> parse_documents(std::string_view text, const ForeignLimits& limits,
                                                Report& report);

/// Replaces `${VAR}` and `${VAR:-default}` in every value (never in keys, never as YAML); `$${` stands for
/// `${`.
void expand_environment(Node& root, Report& report);

}  // namespace switchgear::config
