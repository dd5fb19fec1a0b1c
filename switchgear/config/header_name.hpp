// Names of header fields, as the file writes them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "switchgear/config/address.hpp"

namespace switchgear::config {

/// What a field is named for: the message about Host, which every request has, depends on it.
enum class HeaderUse : std::uint8_t {
  condition,  ///< of a route
  value,      ///< requests with the same value belong together
};

/// `X-Beta`. The value is in lower case. Names of fields that concern the connection, and Host, are refused.
[[nodiscard]] Parsed<std::string> parse_header_name(std::string_view written, HeaderUse use);

}  // namespace switchgear::config
