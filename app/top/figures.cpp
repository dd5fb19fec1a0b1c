#include "app/top/figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "app/control/terminal_text.hpp"
#include "switchgear/config/timestamp.hpp"

namespace switchgear::top {

std::string rate_text(double per_second) {
  if (per_second < 9999.95) return fmt::format("{:.1f}", per_second);
  if (per_second < 999'950) return fmt::format("{:.1f}k", per_second / 1e3);
  return fmt::format("{:.1f}M", per_second / 1e6);
}

std::string percent_text(double ratio) { return fmt::format("{:.1f}%", 100 * ratio); }

std::string length_text(double in_seconds) {
  if (!(in_seconds > 0)) return "0.0s";
  if (in_seconds < 9.95) return fmt::format("{:.1f}s", in_seconds);
  const auto whole = static_cast<long long>(std::min(in_seconds, 1e12));
  if (whole < 60) return fmt::format("{}s", whole);
  if (whole < 3600) return fmt::format("{}m{:02}s", whole / 60, whole % 60);
  if (whole < 86'400) return fmt::format("{}h{:02}m", whole / 3600, whole / 60 % 60);
  return fmt::format("{}d{:02}h", whole / 86'400, whole / 3600 % 24);
}

std::string right_fitted(std::string_view text, std::size_t columns) {
  const std::size_t taken = control::columns_of(text);
  if (taken >= columns) return control::fitted(text, columns);
  return std::string(columns - taken, ' ') + control::printable(text);
}

std::string bar_text(int score, std::size_t columns) {
  const std::size_t halves = (static_cast<std::size_t>(std::clamp(score, 0, 100)) * columns * 2 + 50) / 100;
  std::string made;
  for (std::size_t column = 0; column < columns; ++column) {
    const std::size_t filled = halves - std::min(halves, column * 2);
    made += filled >= 2 ? "█" : filled == 1 ? "▌" : "░";
  }
  return made;
}

std::string spark_text(const std::vector<double>& values) {
  constexpr std::array<std::string_view, 8> levels{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const double peak = peak_of(values);
  std::string made;
  for (const double value : values) {
    if (std::isnan(value)) {
      made += ' ';
    } else {
      const double share = peak > 0 ? value / peak : 0;
      made += levels[static_cast<std::size_t>(std::clamp(std::ceil(share * 8) - 1, 0.0, 7.0))];
    }
  }
  return made;
}

double peak_of(const std::vector<double>& values) {
  double peak = 0;
  for (const double value : values) {
    if (value > peak) peak = value;
  }
  return peak;
}

double utc_seconds(std::string_view iso8601) {
  const auto instant = config::parse_timestamp(iso8601);
  return instant ? to_seconds(instant->time_since_epoch()) : std::numeric_limits<double>::quiet_NaN();
}

std::string clock_text(std::string_view iso8601) {
  if (std::isnan(utc_seconds(iso8601))) return control::printable(iso8601);
  return control::printable(iso8601.substr(11, 8));
}

}  // namespace switchgear::top
