// Curves over time as inline SVG, styled by the page's classes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/observe/figures/span.hpp"
#include "switchgear/observe/report/report.hpp"

namespace switchgear::charts {

/// One curve: a value for each x, or a gap. `style` is a class of the page's stylesheet.
struct Curve {
  std::string_view style;
  std::vector<std::optional<double>> values;
};

/// The areas of `curves` stacked upon each other. `at`: the x of each value, ascending, from 0 to 1; `label`:
/// what the picture shows, for those who cannot see it; markup characters in it are escaped.
[[nodiscard]] std::string stacked(const std::vector<double>& at, const std::vector<Curve>& curves, double top,
                                  std::string_view label);
/// The same as lines.
[[nodiscard]] std::string lines(const std::vector<double>& at, const std::vector<Curve>& curves, double top,
                                std::string_view label);
/// A band that shows the state at each time, with the state's name as class.
[[nodiscard]] std::string band(const std::vector<StateStretch>& states, const figures::Span& span,
                               std::string_view label);

/// The least 1, 2 or 5 times a power of ten that is not below `value`: the top of an axis. 1 for 0.
[[nodiscard]] double round_top(double value) noexcept;

/// For HTML: `&`, `<`, `>` and quotes as entities; what is not UTF-8 as U+FFFD, control characters as `?`.
[[nodiscard]] std::string escaped(std::string_view text);

}  // namespace switchgear::charts
