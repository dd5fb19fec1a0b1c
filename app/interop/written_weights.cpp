#include "app/interop/written_weights.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace switchgear::interop {

namespace {

constexpr int most_factor = 1000;

bool is_whole(double weight) {
  return std::abs(weight - std::round(weight)) <= 1e-9 * std::max(1.0, std::abs(weight));
}

/// Together they are a number of 32 bits, as Envoy asks for.
double most_of(double sum) { return std::numeric_limits<std::uint32_t>::max() / std::max(sum, 1.0); }

struct Factor {
  double by = 1;
  bool exact = true;
};

/// The least that makes all of them whole; or else one that keeps three digits of the smallest.
Factor factor_of(const std::vector<double>& weights) {
  double sum = 0;
  double least = std::numeric_limits<double>::max();
  for (const double each : weights) {
    sum += each;
    if (each > 0) least = std::min(least, each);
  }
  for (int by = 1; by <= most_factor && by <= most_of(sum); ++by) {
    if (std::ranges::all_of(weights, [by](double each) { return is_whole(each * by); }))
      return {static_cast<double>(by), true};
  }
  return {std::min(std::max(1.0, 100 / least), most_of(sum) / 2), false};
}

}  // namespace

std::vector<std::uint32_t> written_weights(const ExportedService& exported, const std::string& to,
                                           const std::string& reserve, Ledger& ledger) {
  std::vector<double> weights;
  for (const config::Upstream& each : exported.service.upstreams) weights.push_back(each.weight);
  const bool alike = std::ranges::all_of(weights, [](double each) { return each <= 0; });
  if (alike) std::ranges::fill(weights, 1.0);
  const Factor factor = factor_of(weights);
  std::vector<std::uint32_t> written;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const std::string from = exported.at("upstreams[" + std::to_string(i) + "].weight");
    if (weights[i] <= 0) {
      written.push_back(0);
      reserve.empty()
          ? ledger.none(from, "left out: it is the reserve of the others, and would be called as they are")
          : ledger.approximated(from, reserve,
                                "a reserve, which is called as soon as too few others are healthy");
      continue;
    }
    written.push_back(static_cast<std::uint32_t>(std::max(std::round(weights[i] * factor.by), 1.0)));
    if (alike) {
      ledger.carried(from, to, "1: with weights of 0 alone, all are called alike");
    } else if (!factor.exact) {
      ledger.approximated(from, to, "whole numbers in almost the same proportion");
    } else if (factor.by != 1) {
      ledger.carried(from, to, "whole numbers in the same proportion");
    }
  }
  return written;
}

}  // namespace switchgear::interop
