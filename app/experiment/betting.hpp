// app/experiment: which of two policies does better on live traffic. Never here: the calls themselves.
//
// Tests that stay valid however often one looks, and whenever one stops.
#pragma once

#include <cstddef>
#include <vector>

namespace switchgear::experiment {

/// A bet that the mean of differences is above, or below, a value. Under the hypothesis each has that mean,
/// whatever came before. The capital then seldom grows: it ever reaches 1 / α with a probability of α at most
/// (Ville 1939). How much is staked follows the mean and the variance so far (aGRAPA; Waudby-Smith and
/// Ramdas, "Estimating means of bounded random variables by betting", 2023). A difference that is further off
/// than `reach` counts as that far off, which leaves the mean of symmetric differences where it is.
class Bet {
 public:
  explicit Bet(double hypothesis) noexcept : hypothesis_(hypothesis) {}

  /// `reach` must not depend on `difference`, only on earlier ones; above 0.
  void add(double difference, double reach) noexcept;

  // Logarithms of the capital.
  [[nodiscard]] double above() const noexcept { return above_; }
  [[nodiscard]] double below() const noexcept { return below_; }

 private:
  double hypothesis_;
  double count_ = 0, sum_ = 0, squares_ = 0;  ///< of the differences, as parts of the reach
  double above_ = 0, below_ = 0;
};

/// Where the mean of the differences may lie: an interval that has the true one at every moment at once, with
/// the confidence 1 − α.
struct Where {
  double low = -1;
  double high = 1;
};

/// Bets against each of many hypotheses at once.
class BettingInterval {
 public:
  BettingInterval();
  void add(double difference) noexcept;
  /// The hypotheses against which no capital has ever reached 2 / α.
  [[nodiscard]] Where at(double alpha) const noexcept;

 private:
  static constexpr std::size_t steps = 401;  ///< odd: one of them is 0
  struct Side {
    Bet bet;
    double most_above, most_below;  ///< the capital's highest so far
  };
  static double hypothesis(std::size_t step) noexcept;
  std::vector<Side> sides_;
  double count_ = 0, mean_ = 0, squares_ = 0;
};

/// The same question for many blocks of anything whose variance exists: Λ of the mixture sequential
/// probability ratio test (Robbins 1970; Johari, Koomen, Pekelis, Walsh 2022), with the variance as it is
/// estimated. `spread`: standard deviation of the differences that are expected. Logarithm; two-sided.
[[nodiscard]] double log_mixture_ratio(double count, double mean, double variance, double spread) noexcept;

}  // namespace switchgear::experiment
