#include "app/lab/tune/search_space.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace switchgear::lab {

namespace {

enum Dimension : std::size_t { rule, window, minimum, rate, row, opening, probes };

/// From `least` to `most`, each doubling as wide as any other.
double by_ratio(double share, double least, double most) { return least * std::pow(most / least, share); }

/// Two digits of it.
double rounded(double value) {
  const double step = std::pow(10.0, std::floor(std::log10(value)) - 1);
  return std::round(value / step) * step;
}

std::uint32_t whole(double share, double least, double most) {
  return static_cast<std::uint32_t>(std::lround(rounded(by_ratio(share, least, most))));
}

Duration seconds(double share, double least, double most) {
  return std::chrono::milliseconds{std::lround(rounded(by_ratio(share, least, most)) * 1'000)};
}

}  // namespace

std::vector<Point> usual_points() {
  std::vector<Point> points;
  for (const double failures : {0.2, 0.35, 0.5, 0.65}) {
    for (const double length : {0.25, 0.4, 0.55, 0.7}) {
      Point& point = points.emplace_back();
      point[row] = failures;
      point[opening] = length;
      point[probes] = 0.25;
    }
  }
  return points;
}

CircuitBreakerOptions at(const Point& point, const CircuitBreakerOptions& base) {
  CircuitBreakerOptions options = base;
  options.failure_rate.reset();
  options.failure_rate_confidence.reset();
  options.failure_balance.reset();
  options.consecutive_failures.reset();
  const bool rate_rule = point[rule] >= 1.0 / 3;
  const bool by_time = point[rule] >= 2.0 / 3;
  if (rate_rule) {
    options.failure_rate = std::clamp(std::round(by_ratio(point[rate], 0.05, 0.95) * 100) / 100, 0.01, 1.0);
    options.minimum_calls = whole(point[minimum], 3, 200);
    if (by_time) {
      options.window = TimeWindowOptions{.duration = seconds(point[window], 1, 120)};
    } else {
      const std::uint32_t size = whole(point[window], 5, 1'000);
      options.window = CountWindowOptions{size};
      options.minimum_calls = std::min<std::uint64_t>(options.minimum_calls, size);
    }
  } else {
    options.consecutive_failures = whole(point[row], 1, 50);
  }
  options.open_duration = seconds(point[opening], 0.2, 120);
  options.max_open_duration = std::max(options.max_open_duration, options.open_duration);
  options.half_open.permitted_calls = whole(point[probes], 1, 20);
  options.half_open.success_threshold.reset();
  options.half_open.max_concurrent.reset();
  if (options.half_open.max_failure_rate == 0 && options.half_open.permitted_calls > 4)
    options.half_open.max_failure_rate = 0.3;
  return options;
}

}  // namespace switchgear::lab
