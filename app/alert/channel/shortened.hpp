// Texts within the limits of their receivers.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace switchgear::alert {

/// At most `most` bytes of UTF-8, with an ellipsis in place of what is left out. Bytes that are not UTF-8
/// become U+FFFD. Receivers count characters, which are never more than bytes.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t most);

/// The same on one line: each invisible character becomes a space.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t most);

}  // namespace switchgear::alert
