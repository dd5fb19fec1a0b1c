// Fields by which a request asks for another method than its own.
#pragma once

#include <string_view>

#include "switchgear/http/look_alike.hpp"

namespace switchgear::http {

/// Whether some services take the value of this field for the method.
[[nodiscard]] constexpr bool overrides_method(std::string_view field) noexcept {
  return looks_like(field, "x-http-method-override") || looks_like(field, "x-http-method") ||
         looks_like(field, "x-method-override");
}

}  // namespace switchgear::http
