#include "switchgear/observe/load_forecast.hpp"

#include <algorithm>

namespace switchgear {

namespace {

constexpr double tolerated = 0.01;  ///< of the calls may be refused

/// Which part of the calls is refused.
double blocking(double load, std::uint64_t slots) {
  double refused = 1;
  for (std::uint64_t slot = 1; slot <= slots; ++slot)
    refused = load * refused / (static_cast<double>(slot) + load * refused);
  return refused;
}

}  // namespace

double full_load(std::uint64_t slots) {
  constexpr std::uint64_t enough = 10'000;  // beyond, the share of the slots does not change much
  if (slots > enough) return full_load(enough) * static_cast<double>(slots) / static_cast<double>(enough);
  double low = 0;
  double high = static_cast<double>(slots);
  for (int i = 0; i < 40; ++i) {
    const double middle = (low + high) / 2;
    (blocking(middle, slots) < tolerated ? low : high) = middle;
  }
  return low;
}

std::optional<Forecast> forecast_load(const std::vector<LoadPoint>& points, std::uint64_t slots,
                                      const ForecastOptions& options) {
  const auto in_all = static_cast<double>(slots);
  std::vector<ForecastPoint> shares;
  shares.reserve(points.size());
  for (const LoadPoint& point : points) {
    const double in_flight = to_seconds(point.took) / to_seconds(options.step);
    shares.push_back({std::min(1.0, in_flight / in_all) * point.calls, point.calls});
  }
  return forecast(shares, full_load(slots) / in_all, options);
}

}  // namespace switchgear
