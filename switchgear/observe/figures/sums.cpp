#include "switchgear/observe/figures/sums.hpp"

#include <cstddef>
#include <numeric>

namespace switchgear::figures {

namespace {

template <class Counts>
void add(Counts& to, const Counts& more) noexcept {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += more[i];
}

}  // namespace

CircuitSample sum_of(std::span<const CircuitSample> samples) {
  CircuitSample sum;
  if (samples.empty()) return sum;
  sum.from = samples.front().from;
  sum.state = samples.back().state;
  for (const CircuitSample& each : samples) {
    sum.length += each.length;
    sum.successes += each.successes;
    add(sum.failures, each.failures);
    sum.ignored += each.ignored;
    sum.slow += each.slow;
    sum.rejected += each.rejected;
    sum.fallbacks_answered += each.fallbacks_answered;
    sum.fallbacks_queued += each.fallbacks_queued;
    sum.fallbacks_failed += each.fallbacks_failed;
    add(sum.successes_took, each.successes_took);
    add(sum.failures_took, each.failures_took);
    sum.success_time += each.success_time;
    sum.failure_time += each.failure_time;
  }
  return sum;
}

std::uint64_t failures_in(const CircuitSample& sample) noexcept {
  return std::accumulate(sample.failures.begin(), sample.failures.end(), std::uint64_t{0});
}

}  // namespace switchgear::figures
