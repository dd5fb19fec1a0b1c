#include "app/interop/written_weights.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace switchgear::interop {

namespace {

/// Together they are a number of 32 bits, as Envoy asks for.
constexpr double most_together = std::numeric_limits<std::uint32_t>::max();
constexpr int most_small_factor = 1000;
constexpr int most_digits = 300;
constexpr double almost = 0.01;

bool is_whole(double weight) {
  const double whole = std::round(weight);
  return whole >= 1 && std::abs(weight - whole) <= 1e-12 * whole;
}

/// The least factor that makes all weights whole numbers; nothing if there is none.
std::optional<double> exact_factor(const std::vector<double>& weights, double sum) {
  const auto fits = [&](double by) {
    return sum * by <= most_together &&
           std::ranges::all_of(weights, [by](double each) { return each <= 0 || is_whole(each * by); });
  };
  for (int by = 1; by <= most_small_factor; ++by) {
    if (fits(by)) return by;
  }
  double by = most_small_factor;
  for (int digits = 0; digits < most_digits && sum * by <= most_together; ++digits, by *= 10) {
    if (fits(by)) return by;
  }
  return std::nullopt;
}

/// What each weight is in a mesh, and not yet a whole number. `exact`: they all are.
/// In long doubles, which hold the share of any weight.
struct Scaled {
  std::vector<long double> weights;
  bool exact = true;
};

/// Without a common measure, three digits of the smallest are kept if there is room for them.
Scaled scaled(const std::vector<double>& weights) {
  double sum = 0;
  double least = std::numeric_limits<double>::max();
  for (const double each : weights) {
    sum += each;
    if (each > 0) least = std::min(least, each);
  }
  if (const auto factor = exact_factor(weights, sum)) {
    std::vector<long double> whole(weights.begin(), weights.end());
    for (long double& each : whole) each *= *factor;
    return {std::move(whole), true};
  }
  // Of two steps: the factor of the smallest weights is beyond what a double holds.
  int exponent = 0;
  (void)std::frexp(sum, &exponent);
  const auto near_one = [exponent](double weight) { return std::ldexp(weight, -exponent); };
  const double factor =
      std::min(std::max(std::ldexp(1.0, exponent), 100 / near_one(least)), most_together / 2);
  std::vector<long double> near;
  for (const double each : weights)
    near.push_back(std::ldexp(static_cast<long double>(each), -exponent) * factor);
  return {std::move(near), false};
}

/// How the share that an instance is written with differs from the one in the file.
std::string difference(long double wanted, std::uint32_t written) {
  const long double times = written / wanted;
  if (std::abs(times - 1) <= almost) return "whole numbers in almost the same proportion";
  return fmt::format("{}{}: its share becomes {:.3g} times what it was", written,
                     written == 1 ? ", the least there is" : "", times);
}

}  // namespace

std::vector<std::uint32_t> written_weights(const ExportedService& exported, const std::string& to,
                                           const std::string& reserve, Ledger& ledger) {
  std::vector<double> weights;
  for (const config::Upstream& each : exported.service.upstreams) weights.push_back(each.weight);
  const bool alike = std::ranges::all_of(weights, [](double each) { return each <= 0; });
  if (alike) std::ranges::fill(weights, 1.0);
  const Scaled meant = scaled(weights);
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
    written.push_back(static_cast<std::uint32_t>(std::max(std::round(meant.weights[i]), 1.0L)));
    if (alike) {
      ledger.carried(from, to, "1: with weights of 0 alone, all are called alike");
    } else if (!meant.exact) {
      ledger.approximated(from, to, difference(meant.weights[i], written.back()));
    } else if (written.back() != weights[i]) {
      ledger.carried(from, to, "whole numbers in the same proportion");
    }
  }
  return written;
}

}  // namespace switchgear::interop
