// The share of good answers among the calls that were let through.
#pragma once

#include <cstdint>
#include <optional>

#include "switchgear/core/event.hpp"
#include "switchgear/observe/figures/sums.hpp"

namespace switchgear::figures {

/// Of a breaker's window; 1 when it is empty, because nothing is known to be wrong. A breaker that has no
/// window may know that its last calls failed: 0 from five in a row on.
[[nodiscard]] inline double success_rate(const WindowSnapshot& window) noexcept {
  constexpr std::uint64_t certain = 5;
  if (window.calls == 0 && window.consecutive_failures >= certain) return 0;
  return 1 - window.failure_rate();
}

/// Of a stretch of time; empty when no call ended in a success or a failure.
[[nodiscard]] inline std::optional<double> success_rate(const CircuitSample& sum) noexcept {
  const std::uint64_t judged = judged_in(sum);
  if (judged == 0) return std::nullopt;
  return static_cast<double>(sum.successes) / static_cast<double>(judged);
}

}  // namespace switchgear::figures
