#include "switchgear/observe/figures/effectiveness.hpp"

#include <algorithm>

#include "switchgear/observe/figures/fallbacks.hpp"
#include "switchgear/observe/figures/success_rate.hpp"

namespace switchgear::figures {

std::optional<Effectiveness> effectiveness(const CircuitSample& sum, std::uint64_t changes,
                                           std::optional<std::uint64_t> queue_waiting) noexcept {
  const std::uint64_t asked = asked_in(sum);
  if (asked == 0) return std::nullopt;
  const std::uint64_t good = sum.successes + protected_calls(sum, queue_waiting);
  Effectiveness made;
  made.protection = std::max(0.0, 100 - 200 * (1 - success_rate(sum).value_or(1)));
  made.availability = 100 * static_cast<double>(good) / static_cast<double>(asked);
  made.stability = 100 - static_cast<double>(std::min<std::uint64_t>(changes, 50));
  return made;
}

}  // namespace switchgear::figures
