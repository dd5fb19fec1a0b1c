#include "switchgear/observe/figures/fallbacks.hpp"

#include <algorithm>

#include "switchgear/observe/figures/sums.hpp"

namespace switchgear::figures {

std::optional<double> fallback_success_rate(const CircuitSample& sum) noexcept {
  const std::uint64_t good = sum.fallbacks_answered + sum.fallbacks_queued;
  const std::uint64_t asked = good + sum.fallbacks_failed;
  if (asked == 0) return std::nullopt;
  return static_cast<double>(good) / static_cast<double>(asked);
}

std::uint64_t protected_calls(const CircuitSample& sum, std::optional<std::uint64_t> queue_waiting) noexcept {
  const std::uint64_t still_stored =
      std::min(queue_waiting.value_or(sum.fallbacks_queued), sum.fallbacks_queued);
  const std::uint64_t answered = sum.fallbacks_answered + sum.fallbacks_queued - still_stored;
  return std::min(answered, failures_in(sum) + sum.rejected);
}

std::optional<double> availability_gained(const CircuitSample& sum,
                                          std::optional<std::uint64_t> queue_waiting) noexcept {
  const std::uint64_t asked = asked_in(sum);
  if (asked == 0) return std::nullopt;
  return static_cast<double>(protected_calls(sum, queue_waiting)) / static_cast<double>(asked);
}

}  // namespace switchgear::figures
