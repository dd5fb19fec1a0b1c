// Names of header fields, as the file writes them.
#pragma once

#include <string>
#include <string_view>

#include "switchgear/config/address.hpp"

namespace switchgear::config {

/// `X-Beta`. The value is in lower case. Names of fields that concern the connection, and Host, are refused.
[[nodiscard]] Parsed<std::string> parse_header_name(std::string_view written);

}  // namespace switchgear::config
