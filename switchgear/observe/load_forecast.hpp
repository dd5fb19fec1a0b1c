// When so many calls are in flight at once that a bulkhead refuses some, if their number grows as it does.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "switchgear/core/time.hpp"
#include "switchgear/observe/forecast.hpp"

namespace switchgear {

/// Calls that ended within one step of time.
struct LoadPoint {
  double calls = 0;  ///< 0: nothing is known of that step
  Duration took{};   ///< all of them together
};

/// Calls in flight, on average, at which so many slots refuse one call in a hundred, if callers come
/// independently of each other and do not wait: Erlang's formula B (1917). `slots` > 0.
[[nodiscard]] double full_load(std::uint64_t slots);

/// Calls in flight are those that ended in a step × their mean duration / the step (Little 1961). Their share
/// of the slots is followed as forecast() follows a failure rate, and the limit is full_load(slots); `now` is
/// a share of the slots. Empty as there.
[[nodiscard]] std::optional<Forecast> forecast_load(const std::vector<LoadPoint>& points, std::uint64_t slots,
                                                    const ForecastOptions& options = {});

}  // namespace switchgear
