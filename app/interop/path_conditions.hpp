// Prefixes and rewrites. Theirs work on text: the prefix `/pay` takes `/payment` as well, and the text that
// matched is replaced. Ours work on whole segments.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/config/section.hpp"

namespace switchgear::interop {

/// One alternative of a route's match, as an item of `routes` without a rewrite.
struct Condition {
  config::Value origin;
  boost::json::object route;
  std::string how{};     ///< what is approximated; empty: nothing
  bool textual = false;  ///< its prefix is one of text
  bool joined = false;   ///< its prefix was `/pay` exactly and `/pay/`
};

/// Turns prefixes of text into prefixes of segments. `/pay` exactly and `/pay/` as a prefix, with the same
/// conditions otherwise, are together one prefix of segments; each alone is approximated.
void settle_prefixes(const std::vector<Condition*>& conditions);

/// A rewrite of theirs, for a condition of ours: sets `strip_prefix` and `rewrite`. Returns what is
/// approximated.
[[nodiscard]] std::string set_prefix_rewrite(Condition& condition, std::string_view replacement);
/// A rewrite by a regular expression: what is approximated. Empty: not one of those that are the same as a
/// rewrite of ours, which are also what an export writes.
[[nodiscard]] std::optional<std::string> set_regex_rewrite(boost::json::object& route, std::string_view regex,
                                                           std::string_view replacement);

inline constexpr std::string_view before_path_regex = "^/";    ///< replaced by `/v2/`: `/v2{path}`
inline constexpr std::string_view whole_path_regex = "^/.*$";  ///< replaced by `/v2`: every path is `/v2`

/// Replaced by `/v2`: `strip_prefix` and `/v2{path}`. Empty for the prefix `/`.
[[nodiscard]] std::string prefix_regex(std::string_view prefix);
/// Replaced by `/`: `strip_prefix`. Empty for the prefix `/`.
[[nodiscard]] std::string stripping_regex(std::string_view prefix);

/// `GET|POST`: the only expressions of methods that are also a list.
[[nodiscard]] std::optional<boost::json::array> methods_of(std::string_view regex);

}  // namespace switchgear::interop
