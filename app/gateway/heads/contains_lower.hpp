// Part of a field's value, in any case.
#pragma once

#include <cstddef>
#include <string_view>

#include "switchgear/http/ascii.hpp"

namespace switchgear::gateway {

/// `word` is in lower case.
[[nodiscard]] constexpr bool contains_lower(std::string_view text, std::string_view word) noexcept {
  for (std::size_t at = 0; at + word.size() <= text.size(); ++at) {
    if (http::equals_lower(text.substr(at, word.size()), word)) return true;
  }
  return false;
}

}  // namespace switchgear::gateway
