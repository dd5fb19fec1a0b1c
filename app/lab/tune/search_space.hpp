// The policies that are tried: which rule trips the breaker, and its figures, as a point in a unit cube.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "switchgear/policy/circuit_breaker_options.hpp"

namespace switchgear::lab {

inline constexpr std::size_t dimensions = 7;
/// Each from 0 to 1.
using Point = std::array<double, dimensions>;

/// Policies that are often good enough: some failures in a row, and openings of some lengths.
[[nodiscard]] std::vector<Point> usual_points();

/// `base` with other trip rules for failures, another opening and other probes; all its other options stay.
/// Figures are rounded to what one would write in a file. Valid whenever `base` is.
[[nodiscard]] CircuitBreakerOptions at(const Point& point, const CircuitBreakerOptions& base);

}  // namespace switchgear::lab
