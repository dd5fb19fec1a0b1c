#include "app/experiment/betting.hpp"

#include <algorithm>
#include <cmath>

namespace switchgear::experiment {

void Bet::add(double difference, double reach) noexcept {
  // The stake is set before the difference is looked at: it may know only what came before. One imagined
  // difference as large as can be keeps the first stakes small.
  const double mean = sum_ / (count_ + 1);
  const double stake = mean / ((1 + squares_) / (count_ + 1));
  constexpr double most = 0.9;  // no difference can lose everything
  const double win = std::clamp((difference - hypothesis_) / reach, -1.0, 1.0);
  above_ += std::log1p(std::clamp(stake, 0.0, most) * win);
  below_ += std::log1p(-std::clamp(-stake, 0.0, most) * win);
  count_ += 1;
  sum_ += win;
  squares_ += win * win;
}

double BettingInterval::hypothesis(std::size_t step) noexcept {
  const double x = 2 * static_cast<double>(step) / (steps - 1) - 1;
  return 0.98 * x * x * x;  // finer where most differences are
}

BettingInterval::BettingInterval() {
  sides_.reserve(steps);
  for (std::size_t step = 0; step < steps; ++step) sides_.push_back({Bet{hypothesis(step)}, 0, 0});
}

void BettingInterval::add(double difference) noexcept {
  constexpr double known_from = 5, deviations = 4, least = 1e-3;
  const double reach =
      count_ < known_from ? 1 : std::clamp(deviations * std::sqrt(squares_ / (count_ - 1)), least, 1.0);
  count_ += 1;
  const double off = difference - mean_;
  mean_ += off / count_;
  squares_ += off * (difference - mean_);
  for (Side& side : sides_) {
    side.bet.add(difference, reach);
    side.most_above = std::max(side.most_above, side.bet.above());
    side.most_below = std::max(side.most_below, side.bet.below());
  }
}

Where BettingInterval::at(double alpha) const noexcept {
  const double enough = std::log(2 / alpha);
  Where where;
  for (std::size_t step = 0; step < steps; ++step) {
    if (sides_[step].most_above >= enough) where.low = hypothesis(step);
    if (sides_[step].most_below >= enough) {
      where.high = hypothesis(step);
      break;
    }
  }
  return where;
}

double log_mixture_ratio(double count, double mean, double variance, double spread) noexcept {
  if (count < 2 || !(variance > 0)) return 0;
  const double prior = spread * spread;
  const double whole = variance + count * prior;
  return 0.5 * std::log(variance / whole) + count * count * prior * mean * mean / (2 * variance * whole);
}

}  // namespace switchgear::experiment
