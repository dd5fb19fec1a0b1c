#include "switchgear/policy/wilson.hpp"

#include <numbers>

namespace switchgear {

double normal_quantile(double probability) noexcept {
  // By halving: it is asked when options are read and when a breaker opens, and erfc() is exact.
  double low = -40;
  double high = 40;
  for (int step = 0; step < 100; ++step) {
    const double middle = (low + high) / 2;
    const double below = std::erfc(-middle / std::numbers::sqrt2) / 2;
    (below < probability ? low : high) = middle;
  }
  return (low + high) / 2;
}

double wilson_lower_bound(std::uint64_t marked, std::uint64_t calls, double confidence) noexcept {
  if (calls == 0) return 0;
  const double z = normal_quantile(confidence);
  const auto n = static_cast<double>(calls);
  const double rate = static_cast<double>(marked) / n;
  const double centre = rate + z * z / (2 * n);
  const double spread = z * std::sqrt((rate * (1 - rate) + z * z / (4 * n)) / n);
  return (centre - spread) / (1 + z * z / n);
}

}  // namespace switchgear
