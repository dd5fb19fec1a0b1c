// Figures as short texts for narrow columns.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace switchgear::top {

[[nodiscard]] std::string rate_text(double per_second);    ///< `0.0`, `56.3`, `12.3k`, `4.1M`
[[nodiscard]] std::string percent_text(double ratio);      ///< `62.0%`
[[nodiscard]] std::string length_text(double in_seconds);  ///< `4.2s`, `42s`, `3m12s`, `5h07m`, `3d04h`

/// At the right end of exactly `columns`; cut if it is longer.
[[nodiscard]] std::string right_fitted(std::string_view text, std::size_t columns);

/// A score of 0 to 100 as a bar of `columns`, in halves: `██████▌░`.
[[nodiscard]] std::string bar_text(int score, std::size_t columns);

/// One character of `▁` to `█` for each value, by the largest of them; a space for NaN.
[[nodiscard]] std::string spark_text(const std::vector<double>& values);

/// 0 if all are NaN or there are none.
[[nodiscard]] double peak_of(const std::vector<double>& values);

/// Seconds since the epoch of `2026-03-01T12:00:00.000Z`; NaN for anything else.
[[nodiscard]] double utc_seconds(std::string_view iso8601);

/// `12:00:00` of it; what it is if it is not such a text.
[[nodiscard]] std::string clock_text(std::string_view iso8601);

}  // namespace switchgear::top
