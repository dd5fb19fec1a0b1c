// How a breaker lets calls back in after a recovery: by the clock alone, or by how those calls end.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "switchgear/core/time.hpp"

namespace switchgear {

/// With it, the share grows while calls are answered well, and falls back while they are not.
struct RampControllerOptions {
  std::optional<Duration> step{};  ///< least time between two decisions; default: a tenth of `duration`
  std::uint32_t minimum = 5;  ///< calls that a decision takes; a step with fewer lasts longer. 1 … 1'000'000
  /// Failed calls / calls of a step at or above which its share is too large; 0: any failure. [0, 1]
  double max_failure_rate = 0.1;
  double growth = 1.5;  ///< factor of the share after a good step; above 1, to 100

  friend bool operator==(const RampControllerOptions&, const RampControllerOptions&) = default;
};

/// After closing, admits a share of the calls that grows from `from` to 1: linearly over `duration`, or as a
/// controller decides.
struct RampOptions {
  Duration duration = std::chrono::seconds{30};
  double from = 0.1;  ///< [0, 1]; above 0 with a controller
  std::optional<RampControllerOptions> controller{};

  /// Of a controller, which must be set.
  [[nodiscard]] Duration step() const noexcept {
    return controller->step.value_or(std::max(duration / 10, Duration{1}));
  }

  friend bool operator==(const RampOptions&, const RampOptions&) = default;
};

}  // namespace switchgear
