// Seconds as a trace writes them: decimal numbers, read to and written from whole nanoseconds without a
// double between.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "switchgear/core/time.hpp"

namespace switchgear::lab {

/// The nearest Duration to a JSON number. Empty when it is negative, or too long for 64 bits of nanoseconds
/// (292 years).
[[nodiscard]] std::optional<Duration> parse_seconds(std::string_view number);

/// The shortest decimal that is exactly this many nanoseconds: `1.25`, `4.5`, `0`.
[[nodiscard]] std::string format_seconds(Duration length);

/// The shortest decimal that reads back as the same double. Precondition: finite.
[[nodiscard]] std::string format_number(double number);

}  // namespace switchgear::lab
