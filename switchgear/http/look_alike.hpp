// Names of fields that a service could take for one another.
#pragma once

#include <optional>
#include <string_view>

#include "switchgear/http/ascii.hpp"

namespace switchgear::http {

[[nodiscard]] constexpr bool is_letter_or_digit(char c) noexcept {
  return (to_lower(c) >= 'a' && to_lower(c) <= 'z') || (c >= '0' && c <= '9');
}

/// What follows in `name` behind something that looks like `start`, which is lower case; nothing: it begins
/// in another way.
///
/// Programs get fields as variables from CGI, WSGI, Rack and PHP (RFC 3875, 4.1.18), whose names have `_`
/// where the field has `-`: `X_Forwarded_For` becomes HTTP_X_FORWARDED_FOR too. Some servers make `_` of
/// every other character as well (lighttpd), or of a dot (PHP). A run of them counts as one `-`, though no
/// server is known that takes it so: a field that is written like that is not an honest one either.
[[nodiscard]] constexpr std::optional<std::string_view> behind_look_alike(std::string_view name,
                                                                          std::string_view start) noexcept {
  for (const char c : start) {
    if (c != '-') {
      if (name.empty() || to_lower(name.front()) != c) return std::nullopt;
      name.remove_prefix(1);
      continue;
    }
    if (name.empty() || is_letter_or_digit(name.front())) return std::nullopt;
    while (!name.empty() && !is_letter_or_digit(name.front())) name.remove_prefix(1);
  }
  return name;
}

/// Whether a service could take `name` for `field`, which is lower case; also if it is that very name.
[[nodiscard]] constexpr bool looks_like(std::string_view name, std::string_view field) noexcept {
  const auto rest = behind_look_alike(name, field);
  return rest && rest->empty();
}

/// Whether a service could take `name` for `family` or for a name that goes on behind it: `x-forwarded` has
/// X-Forwarded, X-Forwarded-For and X.Forwarded_Prefix, and not X-Forwardedness.
[[nodiscard]] constexpr bool looks_like_one_of(std::string_view name, std::string_view family) noexcept {
  const auto rest = behind_look_alike(name, family);
  return rest && (rest->empty() || !is_letter_or_digit(rest->front()));
}

/// Letters, digits and single `-`: no name is taken for this one but itself.
[[nodiscard]] constexpr bool is_plain_name(std::string_view name) noexcept {
  char before = '-';
  for (const char c : name) {
    if (!is_letter_or_digit(c) && (c != '-' || before == '-')) return false;
    before = c;
  }
  return true;
}

}  // namespace switchgear::http
