#include "app/lab/tune/bootstrap.hpp"

#include <algorithm>
#include <cstddef>

#include "switchgear/core/random.hpp"

namespace switchgear::lab {

Interval bootstrap(const std::vector<double>& differences, std::size_t run, std::uint64_t seed) {
  constexpr std::size_t resamplings = 4'000;
  const std::size_t size = differences.size();
  run = std::clamp<std::size_t>(run, 1, size);
  // Sums of the runs that begin at each place: a resampling is a sum of such sums.
  std::vector<double> sums(size, 0);
  for (std::size_t i = 0; i < run; ++i) sums[0] += differences[i];
  for (std::size_t i = 1; i < size; ++i)
    sums[i] = sums[i - 1] - differences[i - 1] + differences[(i + run - 1) % size];
  const std::size_t draws = (size + run - 1) / run;
  const double scale = static_cast<double>(size) / static_cast<double>(draws * run);

  Random random(seed);
  std::vector<double> totals(resamplings, 0);
  for (double& total : totals) {
    for (std::size_t draw = 0; draw < draws; ++draw) {
      const auto place = static_cast<std::size_t>(random.uniform() * static_cast<double>(size));
      total += sums[std::min(place, size - 1)];
    }
    total *= scale;
  }
  std::sort(totals.begin(), totals.end());
  constexpr std::size_t tail = resamplings / 40;
  return {totals[tail], totals[resamplings - 1 - tail]};
}

}  // namespace switchgear::lab
