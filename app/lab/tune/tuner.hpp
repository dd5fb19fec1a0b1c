// Looks for a better breaker on a recorded trace, and says whether it is one.
//
// The first 70 % of the trace are searched: 256 points spread over the space (a Latin hypercube), then steps
// along one figure at a time around the best ones. The best is judged once, on the rest, which the search has
// not seen.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "app/lab/compare/breaker_course.hpp"
#include "app/lab/progress.hpp"
#include "app/lab/tune/bootstrap.hpp"

namespace switchgear::lab {

/// What each thing costs, in the unit of a bad call that was let through.
struct Costs {
  double bad_let_through = 1;
  double good_refused = 1;
  double undetected_second = 1;
  double doubtful_opening = 10;

  [[nodiscard]] double of(const Tally& tally) const noexcept;
};

struct TuneSettings {
  Costs costs{};
  /// No more doubtful openings a day than this; unset: what they cost is all that counts.
  std::optional<double> doubtful_per_day{};
  std::chrono::milliseconds budget{60'000};  ///< for the search; the policy of today is always judged
  std::uint64_t seed = 0;
};

/// A policy and what it comes to.
struct Trial {
  CircuitBreakerOptions options;
  Tally searched;   ///< over the part that was searched
  double cost = 0;  ///< of that
};

/// On the part of the trace that the search has not seen.
struct HeldOut {
  Tally current, proposed;
  double saved = 0;     ///< cost of today's less the cost of the proposal
  Interval interval{};  ///< of that, 95 %; the lower guess where the trace has unknown calls
};

struct Tuning {
  Trial current;
  Trial best;
  HeldOut held_out;
  bool better = false;       ///< the interval is above 0, and so is it for either guess about unknown calls
  std::vector<Trial> front;  ///< no other trial lets fewer bad calls through and refuses fewer good ones
  std::size_t trials = 0;
  bool budget_used_up = false;
};

/// Precondition: `current` is valid.
[[nodiscard]] Tuning tune(const CircuitBreakerOptions& current, const Calls& calls,
                          const TuneSettings& settings, Progress& progress);

}  // namespace switchgear::lab
