#include "switchgear/policy/hedge.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "switchgear/policy/option_checker.hpp"

namespace switchgear {

std::vector<OptionProblem> validate(const HedgeOptions& options) {
  OptionChecker check;
  if (const auto* fixed = std::get_if<Duration>(&options.delay)) {
    check.not_negative("delay", *fixed);
  } else {
    const double share = std::get<Quantile>(options.delay).share;
    check.want(share > 0 && share < 1, "delay", OptionChecker::number(share),
               "a quantile above 0 and below 1");
  }
  check.between("max_hedges", options.max_hedges, 1, Hedge::most);
  check.not_negative("initial_delay", options.initial_delay);
  return check.take();
}

namespace {

Duration standing_delay(const HedgeOptions& options) noexcept {
  if (const auto* fixed = std::get_if<Duration>(&options.delay)) return *fixed;
  return options.initial_delay > Duration::zero() ? options.initial_delay : Duration{-1};
}

}  // namespace

Hedge::Hedge(std::string name, const HedgeOptions& options, RetryBudget* budget)
    : options_(options), standing_(standing_delay(options)), budget_(budget), name_(std::move(name)) {
  require_valid("hedge", name_, validate(options));
  if (const auto* quantile = std::get_if<Quantile>(&options.delay)) {
    latencies_ = std::make_unique<RecentLatencies>(quantile->share, needed_samples(*quantile));
  }
}

bool Hedge::try_hedge(TimePoint now) noexcept {
  const bool granted = budget_ == nullptr || budget_->try_spend(now);
  (granted ? hedges_ : refused_).fetch_add(1, std::memory_order_relaxed);
  return granted;
}

std::uint64_t Hedge::needed_samples(Quantile quantile) noexcept {
  // Rounded, not up: 1 / (1 − 0.99) is a little over 100.
  return static_cast<std::uint64_t>(std::lround(std::clamp(1 / (1 - quantile.share), 20.0, 1000.0)));
}

}  // namespace switchgear
