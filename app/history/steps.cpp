#include "app/history/steps.hpp"

#include "app/history/sample_numbers.hpp"

namespace switchgear::history {

std::vector<CircuitSample> by_step(const std::vector<CircuitSample>& samples, std::chrono::seconds step) {
  std::vector<CircuitSample> sums;
  const auto number_of = [step](const CircuitSample& sample) {
    return sample.from.time_since_epoch() / step;
  };
  for (const CircuitSample& sample : samples) {
    if (!sums.empty() && number_of(sums.back()) == number_of(sample)) {
      add(sums.back(), sample);
    } else {
      sums.push_back(sample);
    }
  }
  return sums;
}

}  // namespace switchgear::history
