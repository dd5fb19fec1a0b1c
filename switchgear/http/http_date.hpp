// Dates as HTTP writes them (RFC 9110, 5.6.7).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace switchgear::http {

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
[[nodiscard]] std::string format_http_date(std::chrono::system_clock::time_point at);

/// Reads all three forms that a recipient must accept:
///
///     Sun, 06 Nov 1994 08:49:37 GMT     the one that is still written
///     Sunday, 06-Nov-94 08:49:37 GMT    RFC 850
///     Sun Nov  6 08:49:37 1994          asctime() of C
///
/// A year of two digits that would be more than 50 years after `now` is the last past year that ends so.
/// Empty when malformed.
[[nodiscard]] std::optional<std::chrono::system_clock::time_point> parse_http_date(
    std::string_view text, std::chrono::system_clock::time_point now = std::chrono::system_clock::now());

}  // namespace switchgear::http
