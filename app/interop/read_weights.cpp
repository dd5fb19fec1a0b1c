#include "app/interop/read_weights.hpp"

#include <algorithm>
#include <string>

namespace switchgear::interop {

namespace {

constexpr double most_of_a_policy_file = 1'000'000;

}  // namespace

double read_weight(const Value& value, ZeroWeight zero, Ledger& ledger) {
  const auto count = read_count(value);
  if (!count) return 1;
  if (*count > 0) return static_cast<double>(*count);
  if (zero == ZeroWeight::invalid) {
    value.wrong("0 found; expected a weight of at least 1");
  } else {
    ledger.carried(value, "", "1: to Istio, 0 is no weight; in a policy file it would make a reserve");
  }
  return 1;
}

void fit_weights(std::span<const WeightAt> weights, Ledger& ledger) {
  double most = 0;
  for (const WeightAt& each : weights) most = std::max(most, *each.weight);
  double divisor = 1;
  while (most / divisor > most_of_a_policy_file) divisor *= 10;
  if (divisor == 1) return;
  const std::string note =
      "divided by " + std::to_string(static_cast<std::uint64_t>(divisor)) + ", as those of all instances";
  for (const WeightAt& each : weights) {
    *each.weight /= divisor;
    if (each.at) ledger.carried(*each.at, "weight", note);
  }
}

}  // namespace switchgear::interop
