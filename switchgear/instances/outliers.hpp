// Which of several instances are outliers by their calls of one interval. Pure arithmetic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "switchgear/instances/ejection_options.hpp"
#include "switchgear/instances/end_counts.hpp"

namespace switchgear::instances {

/// The instance at `index` of the intervals, and the evidence against it.
struct Outlier {
  std::size_t index = 0;
  double value = 0;
  double threshold = 0;
};

/// Worst first, equal ones in their order: when not all can be ejected, the worst are. An interval without
/// calls is not judged. The deviation is that of the whole population, as in Envoy.
[[nodiscard]] std::vector<Outlier> outliers(const std::vector<EndRate::Interval>& intervals,
                                            const SuccessRateRule& rule);
[[nodiscard]] std::vector<Outlier> outliers(const std::vector<EndRate::Interval>& intervals,
                                            const FailurePercentageRule& rule);

}  // namespace switchgear::instances
