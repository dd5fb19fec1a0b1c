// Text from untrusted sources: names of files, and names that clients write.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace switchgear {

/// The length of the well-formed UTF-8 character at the front of `rest`, 0 if there is none (Unicode table
/// 3-7: no overlong forms, no surrogates).
[[nodiscard]] std::size_t utf8_length(std::string_view rest) noexcept;

/// The same text with U+FFFD in place of every byte that is not UTF-8.
[[nodiscard]] std::string as_utf8(std::string_view text);

}  // namespace switchgear
