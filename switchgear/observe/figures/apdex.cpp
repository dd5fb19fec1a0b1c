#include "switchgear/observe/figures/apdex.hpp"

#include "switchgear/observe/figures/quantile.hpp"

namespace switchgear::figures {

std::optional<double> apdex(const CircuitSample& sum, Duration target) noexcept {
  const std::uint64_t calls = calls_in(sum.successes_took) + calls_in(sum.failures_took);
  if (calls == 0) return std::nullopt;
  const double satisfied = calls_within(sum.successes_took, target);
  const double within_four = calls_within(sum.successes_took, from_seconds(4 * to_seconds(target)));
  return (satisfied + (within_four - satisfied) / 2) / static_cast<double>(calls);
}

}  // namespace switchgear::figures
