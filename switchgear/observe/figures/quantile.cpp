#include "switchgear/observe/figures/quantile.hpp"

#include <cstddef>
#include <numeric>

namespace switchgear::figures {

namespace {

/// In seconds.
double lower_bound_of(std::size_t bucket) noexcept { return bucket == 0 ? 0 : duration_bounds[bucket - 1]; }

}  // namespace

Buckets added(const Buckets& some, const Buckets& more) noexcept {
  Buckets sum = some;
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += more[i];
  return sum;
}

std::uint64_t calls_in(const Buckets& buckets) noexcept {
  return std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0});
}

std::optional<Quantile> quantile(const Buckets& buckets, double q) noexcept {
  const double rank = q * static_cast<double>(calls_in(buckets));
  double before = 0;
  std::optional<Quantile> found;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    const auto here = static_cast<double>(buckets[i]);
    if (here == 0) continue;
    const double low = lower_bound_of(i);
    if (i == duration_bounds.size()) return Quantile{from_seconds(low), from_seconds(low), std::nullopt};
    const double high = duration_bounds[i];
    const double share = (rank - before) / here;
    found = Quantile{from_seconds(low + (high - low) * share), from_seconds(low), from_seconds(high)};
    if (before + here >= rank) return found;
    before += here;
  }
  return found;  // q was above 1 by a rounding, or there are no calls
}

double calls_within(const Buckets& buckets, Duration limit) noexcept {
  const double seconds = to_seconds(limit);
  double within = 0;
  for (std::size_t i = 0; i < duration_bounds.size(); ++i) {
    const double low = lower_bound_of(i);
    const double high = duration_bounds[i];
    if (seconds <= low) break;
    const double share = seconds >= high ? 1 : (seconds - low) / (high - low);
    within += share * static_cast<double>(buckets[i]);
  }
  return within;
}

}  // namespace switchgear::figures
