// Base64 (RFC 4648), as JSON carries raw bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace switchgear::a2a::wire {

[[nodiscard]] std::string to_base64(std::string_view bytes);
/// With or without padding, the usual alphabet or that for URLs. Empty: it is not base64.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace switchgear::a2a::wire
