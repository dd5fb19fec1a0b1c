#include "switchgear/policy/retry.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "switchgear/core/random.hpp"
#include "switchgear/policy/option_checker.hpp"

namespace switchgear {

namespace {

Duration saturating_sum(Duration a, Duration b) noexcept {
  return saturating_add(TimePoint{a}, b) - TimePoint{};
}

/// length · times, at most `most`.
Duration multiplied(Duration length, std::uint32_t times, Duration most) noexcept {
  Duration::rep product = 0;
  if (__builtin_mul_overflow(length.count(), Duration::rep{times}, &product)) return most;
  return std::min(Duration{product}, most);
}

/// length · factor, rounded to the nearest nanosecond, at most `most`. The factor may be infinite.
Duration scaled(Duration length, double factor, Duration most) noexcept {
  if (length == Duration::zero()) return length;  // 0 · ∞ is no number
  const double product = static_cast<double>(length.count()) * factor;
  if (!(product < static_cast<double>(most.count()))) return most;
  return std::min(Duration{static_cast<Duration::rep>(product + 0.5)}, most);
}

}  // namespace

std::vector<OptionProblem> validate(const RetryOptions& options) {
  OptionChecker check;
  check.between("max_attempts", options.max_attempts, 1, 1'000'000);
  check.not_negative("base", options.base);
  check.want(options.factor >= 1 && options.factor <= 1'000, "factor", OptionChecker::number(options.factor),
             "a factor from 1 to 1000");
  check.want(options.max_delay >= options.base, "max_delay", OptionChecker::seconds(options.max_delay),
             "at least base (" + OptionChecker::seconds(options.base) + ")");
  check.ratio("jitter_ratio", options.jitter_ratio);
  check.not_negative("honor_retry_after.max", options.honor_retry_after.max);
  return check.take();
}

Duration backoff_delay(const RetryOptions& options, std::uint32_t k) noexcept {
  switch (options.backoff) {
    case Backoff::fixed:
      return std::min(options.base, options.max_delay);
    case Backoff::linear:
      return multiplied(options.base, k, options.max_delay);
    case Backoff::exponential:
      // The first is `base` itself, which a double may not hold.
      if (k <= 1) return std::min(options.base, options.max_delay);
      return scaled(options.base, std::pow(options.factor, static_cast<double>(k) - 1), options.max_delay);
  }
  return options.max_delay;
}

DelayRange delay_range(const RetryOptions& options, std::uint32_t k, Duration previous) noexcept {
  if (options.delay) return {Duration::zero(), options.max_delay};
  if (options.jitter == Jitter::decorrelated) {
    const Duration from = std::max(previous, options.base);
    return {options.base, std::max(multiplied(from, 3, options.max_delay), options.base)};
  }
  const Duration delay = backoff_delay(options, k);
  switch (options.jitter) {
    case Jitter::full:
      return {Duration::zero(), delay};
    case Jitter::equal:
      return {delay - delay / 2, saturating_sum(delay, delay / 2)};
    case Jitter::ratio: {
      // Rounded down, so that no draw leaves the range.
      const auto exact = static_cast<double>(delay.count()) * options.jitter_ratio;
      const Duration most_off =
          exact < static_cast<double>(delay.count()) ? Duration{static_cast<Duration::rep>(exact)} : delay;
      return {delay - most_off, saturating_sum(delay, most_off)};
    }
    case Jitter::none:
    case Jitter::decorrelated:
      break;
  }
  return {delay, delay};
}

Retry::Retry(std::string name, const RetryOptions& options, std::uint64_t seed, RetryBudget* budget)
    : budget_(budget), options_(options), seed_(seed), name_(std::move(name)) {
  require_valid("retry", name_, validate(options));
}

void Retry::set_options(const RetryOptions& options) {
  require_valid("retry", name_, validate(options));
  options_.set(options);
}

std::optional<TimePoint> Retry::decide(Progress& progress, const Outcome& outcome, TimePoint now,
                                       TimePoint deadline) noexcept {
  const RetryOptions options = options_.get();
  const std::optional<Duration>& floor = outcome.retry_after;
  const auto give_up = [&](GivenUp reason) {
    this->give_up(reason, progress, outcome, now);
    return std::nullopt;
  };
  if (progress.retries + 1 >= options.max_attempts) return give_up(GivenUp::attempts_used_up);
  if (floor && *floor > options.honor_retry_after.max) return give_up(GivenUp::retry_after);
  Duration drawn;
  if (options.delay) [[unlikely]] {
    const std::optional<Duration> asked = options.delay(progress.retries + 1, outcome);
    if (!asked) return give_up(GivenUp::declined);
    drawn = std::clamp(*asked, Duration::zero(), options.max_delay);
  } else {
    drawn = draw_delay(options, progress);
  }
  const Duration delay = floor ? std::max(drawn, *floor) : drawn;
  const TimePoint at = saturating_add(now, delay);
  if (at >= deadline) return give_up(GivenUp::deadline);
  if (budget_ != nullptr) {
    auto granted = budget_->try_spend(now);
    if (!granted) return give_up(GivenUp::budget_exhausted);
    progress.retry = *std::move(granted);
  }
  ++progress.retries;
  // Without the server's own wait: one long `Retry-After` says nothing about the attempts after it.
  progress.previous = drawn;
  retries_.fetch_add(1, std::memory_order_relaxed);
  if (events_.wants(Interest::retries)) {
    events_.on_retry(
        {{name_, PolicyKind::retry, now}, progress.retries, delay, outcome.verdict, outcome.type});
  }
  return at;
}

void Retry::give_up(GivenUp reason, const Progress& progress, const Outcome& outcome,
                    TimePoint now) noexcept {
  given_up_[static_cast<std::size_t>(reason)].fetch_add(1, std::memory_order_relaxed);
  if (events_.wants(Interest::retries)) {
    events_.on_gave_up(
        {{name_, PolicyKind::retry, now}, progress.retries + 1, reason, outcome.verdict, outcome.type});
  }
}

Duration Retry::draw_delay(const RetryOptions& options, const Progress& progress) noexcept {
  const DelayRange range = delay_range(options, progress.retries + 1, progress.previous);
  if (options.jitter == Jitter::none) return range.least;
  Random random = Random::at(seed_, drawn_.fetch_add(1, std::memory_order_relaxed));
  return uniform_between(random, range.least, range.most);
}

RetryTotals Retry::totals() const noexcept {
  RetryTotals totals;
  totals.retries = retries_.load(std::memory_order_relaxed);
  totals.recovered = recovered_.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < given_up_.size(); ++i)
    totals.given_up[i] = given_up_[i].load(std::memory_order_relaxed);
  return totals;
}

}  // namespace switchgear
