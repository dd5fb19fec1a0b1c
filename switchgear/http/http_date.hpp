// Dates as HTTP writes them (RFC 9110, 5.6.7).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace switchgear::http {

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
[[nodiscard]] std::string format_http_date(std::chrono::system_clock::time_point at);

/// Reads that form only; the two obsolete ones are not sent by anything that sends Retry-After. Empty when
/// malformed.
[[nodiscard]] std::optional<std::chrono::system_clock::time_point> parse_http_date(std::string_view text);

}  // namespace switchgear::http
