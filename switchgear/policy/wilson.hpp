// How sure a failure rate is: the lower end of Wilson's interval for a share.
//
// Wilson, E. B. (1927): Probable inference, the law of succession, and statistical inference. J. Am. Stat.
// Assoc. 22. The interval has those rates in it that the score test does not reject, so its lower end is at
// or above a rate p exactly when k ≥ p·n + z·√(p·(1 − p)·n): no division and no root of anything that calls
// change.
#pragma once

#include <cmath>
#include <cstdint>

namespace switchgear {

/// The z below which a standard normal value lies with this probability; `probability` in (0, 1).
[[nodiscard]] double normal_quantile(double probability) noexcept;

/// With this confidence (one-sided), the true share is at least that much. 0 for an empty sample.
[[nodiscard]] double wilson_lower_bound(std::uint64_t marked, std::uint64_t calls,
                                        double confidence) noexcept;

/// How many marked calls it takes for the lower bound to reach a share, as a function of the number of calls.
class WilsonNeed {
 public:
  /// `share` in (0, 1), `confidence` in (0, 1).
  WilsonNeed(double share, double confidence) noexcept
      : share_(share), spread_(normal_quantile(confidence) * std::sqrt(share * (1 - share))) {}

  /// What it takes beyond `share` · calls, for one call; it grows with the root of their number.
  [[nodiscard]] double spread() const noexcept { return spread_; }
  [[nodiscard]] double of(double calls) const noexcept { return share_ * calls + spread_ * std::sqrt(calls); }

 private:
  double share_, spread_;
};

}  // namespace switchgear
