#include "switchgear/observe/forecast.hpp"

#include <algorithm>
#include <cmath>

namespace switchgear {

namespace {

constexpr double level_weight = 0.4, trend_weight = 0.1;
/// Of a normal distribution: 80 % lie within ± that many deviations.
constexpr double deviations = 1.2816;
/// What a trend must be above, in its own deviations, before it is one.
constexpr double significant = 2;
constexpr std::size_t ahead = 5;  ///< of the back-test
/// What lies further back in it counts for ever less: its trend was another one.
constexpr double fading = 0.85;
/// From so many calls on, a step counts in full.
constexpr double full_weight = 30;

double logit(double share) { return std::log(share / (1 - share)); }

/// Half a call is added to both sides, so that 0 of 10 is less sure than 0 of 1,000.
double logit_of(const ForecastPoint& point) {
  const double share = (std::clamp(point.part, 0.0, point.whole) + 0.5) / (point.whole + 1);
  return logit(share);
}

class Holt {
 public:
  void add(const ForecastPoint& point) {
    if (known_ > 0) level_ += trend_;  // time goes on where nothing is known
    if (point.whole <= 0) return;
    const double value = logit_of(point);
    const double weight = std::min(1.0, point.whole / full_weight);
    if (known_ == 0) level_ = value;
    const double error = value - level_;
    if (known_ > 1) {
      const double share = std::max(0.1, 1.0 / static_cast<double>(known_));
      variance_ += share * (error * error - variance_);
    }
    level_ += level_weight * weight * error;
    trend_ += level_weight * trend_weight * weight * error;
    ++known_;
  }

  [[nodiscard]] double at(double steps) const { return level_ + steps * trend_; }
  [[nodiscard]] double deviation_at(std::size_t steps) const {
    double sum = 1;
    for (std::size_t j = 1; j < steps; ++j) {
      const double c = level_weight * (1 + trend_weight * static_cast<double>(j));
      sum += c * c;
    }
    return std::sqrt(variance_ * sum);
  }
  [[nodiscard]] double level() const { return level_; }
  [[nodiscard]] double trend() const { return trend_; }
  [[nodiscard]] std::size_t known() const { return known_; }
  /// Of the trend as chance alone would have it: that of a sum of errors whose weights decay.
  [[nodiscard]] double trend_deviation() const {
    constexpr double gain = level_weight * trend_weight;
    return std::sqrt(variance_ * gain * gain / (2 * gain));
  }

 private:
  double level_ = 0, trend_ = 0, variance_ = 0;
  std::size_t known_ = 0;
};

/// The first step at which the line, moved by some deviations, is at the limit.
std::optional<std::size_t> crossing(const Holt& holt, double limit, double moved, std::size_t horizon) {
  for (std::size_t step = 1; step <= horizon; ++step) {
    if (holt.at(static_cast<double>(step)) + moved * holt.deviation_at(step) >= limit) return step;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Forecast> forecast(const std::vector<ForecastPoint>& points, double limit,
                                 const ForecastOptions& options) {
  Holt holt;
  double off = 0, naive_off = 0;
  std::vector<double> foretold(points.size(), 0), last_values(points.size(), 0);
  double last = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i].whole > 0) {
      last = logit_of(points[i]);
      if (i >= ahead && holt.known() >= options.least / 2) {
        off = fading * off + std::abs(foretold[i - ahead] - last);
        naive_off = fading * naive_off + std::abs(last_values[i - ahead] - last);
      }
    }
    holt.add(points[i]);
    foretold[i] = holt.at(ahead);
    last_values[i] = last;
  }

  const double goal = logit(limit);
  if (holt.known() < options.least || points.back().whole <= 0) return std::nullopt;
  if (holt.level() >= goal || off >= naive_off) return std::nullopt;
  if (holt.trend() <= significant * holt.trend_deviation()) return std::nullopt;
  const auto eta = crossing(holt, goal, 0, options.horizon);
  if (!eta) return std::nullopt;
  const auto at = [&](std::size_t step) { return Duration{options.step} * static_cast<Duration::rep>(step); };
  Forecast found;
  found.eta = at(*eta);
  found.soonest = at(crossing(holt, goal, deviations, options.horizon).value_or(*eta));
  if (const auto latest = crossing(holt, goal, -deviations, 4 * options.horizon)) found.latest = at(*latest);
  found.now = 1 / (1 + std::exp(-holt.level()));
  return found;
}

}  // namespace switchgear
