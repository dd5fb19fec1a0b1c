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
    : budget_(budget), name_(std::move(name)) {
  set_options(options);
}

void Hedge::set_options(const HedgeOptions& options) {
  require_valid("hedge", name_, validate(options));
  const std::scoped_lock lock(mutex_);
  const auto* const quantile = std::get_if<Quantile>(&options.delay);
  if (quantile != nullptr && latencies_ == nullptr) {
    latencies_ = std::make_unique<RecentLatencies>(quantile->share, needed_samples(*quantile));
  } else if (quantile != nullptr) {
    latencies_->ask_for(quantile->share, needed_samples(*quantile));
  }
  options_ = options;
  max_hedges_.store(options.max_hedges, std::memory_order_relaxed);
  standing_.store(standing_delay(options).count(), std::memory_order_relaxed);
  quantile_of_.store(quantile != nullptr ? latencies_.get() : nullptr, std::memory_order_release);
}

HedgeOptions Hedge::options() const {
  const std::scoped_lock lock(mutex_);
  return options_;
}

std::optional<RetryBudget::InFlight> Hedge::try_hedge(TimePoint now, std::uint32_t number,
                                                      Duration waited) noexcept {
  auto granted = budget_ == nullptr ? std::optional{RetryBudget::InFlight{}} : budget_->try_spend(now);
  (granted ? hedges_ : refused_).fetch_add(1, std::memory_order_relaxed);
  if (events_.wants(Interest::hedges))
    events_.on_hedge({{name_, PolicyKind::hedge, now}, number, waited, granted.has_value()});
  return granted;
}

std::uint64_t Hedge::needed_samples(Quantile quantile) noexcept {
  // Rounded, not up: 1 / (1 − 0.99) is a little over 100.
  return static_cast<std::uint64_t>(std::lround(std::clamp(1 / (1 - quantile.share), 20.0, 1000.0)));
}

}  // namespace switchgear
