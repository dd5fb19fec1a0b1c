// When a failure rate, or a load, reaches its limit if it goes on as it does. Says nothing unless its own
// forecasts of the time before came true.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "switchgear/core/time.hpp"

namespace switchgear {

/// Calls of one step of time, or what a load was.
struct ForecastPoint {
  double part = 0;   ///< failed calls; or slots in use, on average
  double whole = 0;  ///< calls; or slots there are. 0: nothing is known of that step
};

struct ForecastOptions {
  std::chrono::seconds step{60};  ///< between two points
  std::size_t horizon = 30;       ///< steps that it looks ahead
  std::size_t least = 12;         ///< points with something in them that it needs
};

/// The limit is reached in about `eta`, most likely (80 %) not before `soonest` and by `latest`.
struct Forecast {
  Duration eta{};
  Duration soonest{};
  std::optional<Duration> latest{};  ///< unset: perhaps never
  double now = 0;                    ///< the smoothed share
};

/// Holt's linear trend (1957) on the logit of part / whole, with damped weights 0.4 for the level and 0.15
/// for the trend; points of few calls weigh less. The interval is that of the one-step errors so far, grown
/// as Hyndman and others (2008, "Forecasting with exponential smoothing", 6.3) have it.
///
/// Empty when there are too few points, when the share does not grow beyond what chance explains, when the
/// limit is not reached within the horizon, when it has been reached already, and when forecasts for five
/// steps ahead, made at each point of the past, were off by more than taking the last share for the next one.
/// `limit`: a share, (0, 1). Points are in the order of time, the last one is now. O(points).
[[nodiscard]] std::optional<Forecast> forecast(const std::vector<ForecastPoint>& points, double limit,
                                               const ForecastOptions& options = {});

}  // namespace switchgear
