// A seeded source of chance. Policies are handed one; none draws from anywhere else, so that every run can be
// repeated.
#pragma once

#include <algorithm>
#include <cstdint>

#include "switchgear/core/time.hpp"

namespace switchgear {

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014).
/// Eight bytes of state, any seed is good. Not for secrets. Threads: one at a time.
class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) noexcept : state_(seed) {}

  /// A source as it is after `n` numbers of Random{seed}, reached in one step: threads that share a counter
  /// of draws share a sequence without a lock.
  [[nodiscard]] static constexpr Random at(std::uint64_t seed, std::uint64_t n) noexcept {
    return Random{seed + n * step};
  }

  constexpr std::uint64_t next() noexcept {
    std::uint64_t z = (state_ += step);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }

  /// Uniform in [0, 1).
  constexpr double uniform() noexcept { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }

 private:
  static constexpr std::uint64_t step = 0x9e3779b97f4a7c15U;

  std::uint64_t state_;
};

/// A length uniform in [least, most]; never outside, however long they are. Precondition: 0 ≤ least ≤ most.
[[nodiscard]] constexpr Duration uniform_between(Random& random, Duration least, Duration most) noexcept {
  const Duration::rep spread = (most - least).count();
  // In the last hundred-thousandth of Duration a double steps by more than one and may round up past the end.
  const double drawn = random.uniform() * (static_cast<double>(spread) + 1.0);
  const bool past = drawn >= static_cast<double>(spread);
  return least + Duration{past ? spread : std::min(static_cast<Duration::rep>(drawn), spread)};
}

}  // namespace switchgear
