// JSON from text, within bounds.
#pragma once

#include <boost/json/value.hpp>
#include <string_view>

namespace switchgear::a2a::wire {

/// Throws Malformed: `is not JSON: syntax error at byte 7`. Nested more than 32 deep is an error too.
[[nodiscard]] boost::json::value parse_json(std::string_view text);

}  // namespace switchgear::a2a::wire
