#include "switchgear/observe/figures/business.hpp"

#include "switchgear/observe/figures/fallbacks.hpp"
#include "switchgear/observe/figures/sums.hpp"

namespace switchgear::figures {

std::optional<Business> business(const CircuitSample& sum, const CallValue& each,
                                 std::optional<std::uint64_t> queue_waiting) {
  if (asked_in(sum) == 0) return std::nullopt;
  const auto worth = [&](std::uint64_t calls) { return static_cast<double>(calls) * each.value; };
  return Business{worth(failures_in(sum) + sum.rejected), worth(protected_calls(sum, queue_waiting)),
                  each.currency};
}

}  // namespace switchgear::figures
