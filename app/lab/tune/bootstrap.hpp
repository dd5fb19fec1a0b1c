// How sure a difference is that was measured block by block.
#pragma once

#include <cstdint>
#include <vector>

namespace switchgear::lab {

struct Interval {
  double low = 0;
  double high = 0;
};

/// Of the sum of `differences`, whose neighbours belong together: a percentile interval of 95 % over 4,000
/// resamplings of runs of `run` neighbours (moving blocks, wrapped around). Kunsch 1989, Politis and Romano
/// 1992. The same seed, the same interval. Precondition: not empty.
[[nodiscard]] Interval bootstrap(const std::vector<double>& differences, std::size_t run, std::uint64_t seed);

}  // namespace switchgear::lab
