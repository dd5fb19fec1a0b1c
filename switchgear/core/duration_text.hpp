// Lengths of time as people write them: "250ms", "1.5s", "2m".
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "switchgear/core/time.hpp"

namespace switchgear {

struct DurationUnit {
  std::string_view name;
  std::int64_t nanoseconds;
};

/// The longest first.
inline constexpr std::array duration_units{
    DurationUnit{"h", 3'600'000'000'000}, DurationUnit{"m", 60'000'000'000}, DurationUnit{"s", 1'000'000'000},
    DurationUnit{"ms", 1'000'000},        DurationUnit{"us", 1'000},         DurationUnit{"ns", 1}};

/// The shortest way to write it exactly, with one unit: 90s → "90s", 120s → "2m".
[[nodiscard]] std::string format_duration(Duration length);

}  // namespace switchgear
