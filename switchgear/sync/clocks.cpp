#include "switchgear/sync/clocks.hpp"

#include <algorithm>
#include <cmath>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace switchgear::detail {

#if defined(__x86_64__)

namespace {

bool counter_is_invariant() noexcept {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  // CPUID 8000'0007h, EDX bit 8: the counter runs at one rate in every power state (Intel SDM vol.
  // 3, 18.17.4).
  return __get_cpuid(0x80000007U, &a, &b, &c, &d) != 0 && (d & (1U << 8U)) != 0;
}

struct Pair {
  std::uint64_t ticks;
  Duration::rep at;
};

/// Both clocks at one moment: of several tries, the one in which least time went by between the two readings.
Pair read_both() noexcept {
  Pair best{};
  std::uint64_t least = ~std::uint64_t{0};
  for (int i = 0; i < 16; ++i) {
    const std::uint64_t before = __rdtsc();
    const Duration::rep at = SteadyTime::now().time_since_epoch().count();
    const std::uint64_t after = __rdtsc();
    if (after - before < least) {
      least = after - before;
      best = {before + (after - before) / 2, at};
    }
  }
  return best;
}

double rate_between(const Pair& from, const Pair& to) noexcept {
  return static_cast<double>(to.at - from.at) / static_cast<double>(to.ticks - from.ticks);
}

void spin_until(Duration::rep at) noexcept {
  while (SteadyTime::now().time_since_epoch().count() < at) {
  }
}

}  // namespace

TscScale measure_tsc() noexcept {
  if (!counter_is_invariant()) return {};
  constexpr Duration::rep half = 5'000'000;
  const Pair first = read_both();
  spin_until(first.at + half);
  const Pair second = read_both();
  spin_until(second.at + half);
  const Pair third = read_both();
  // Two halves that disagree mean a hypervisor or a migration got in between: do not trust the counter then.
  const double rate = rate_between(first, third);
  if (std::abs(rate_between(first, second) / rate_between(second, third) - 1) > 1e-4 || rate <= 0) return {};
  return {third.ticks, third.at, static_cast<std::uint64_t>(rate * 4294967296.0)};
}

#else

TscScale measure_tsc() noexcept { return {}; }

#endif

}  // namespace switchgear::detail
