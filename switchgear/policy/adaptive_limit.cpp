#include "switchgear/policy/adaptive_limit.hpp"

#include <algorithm>

#include "switchgear/policy/option_checker.hpp"

namespace switchgear {

namespace {

constexpr Duration::rep no_window = TimePoint::min().time_since_epoch().count();

bool tells_of_load(const Outcome& outcome) noexcept {
  if (outcome.verdict == Verdict::failure)
    return outcome.type == FailureType::timeout || outcome.type == FailureType::slow_response;
  return outcome.is_good();
}

}  // namespace

std::vector<OptionProblem> validate(const AdaptiveLimitOptions& options) {
  constexpr std::uint64_t most = 1'000'000;
  OptionChecker check;
  check.between("min_limit", options.min_limit, 1, most);
  check.between("max_limit", options.max_limit, 1, most);
  if (options.min_limit > options.max_limit) {
    check.problem("max_limit", OptionChecker::whole(options.max_limit) + " is below min_limit (" +
                                   OptionChecker::whole(options.min_limit) + ")");
  } else {
    check.between("initial", options.initial, options.min_limit, options.max_limit);
  }
  check.ratio_above_zero("smoothing", options.smoothing);
  check.want(options.tolerance >= 1 && options.tolerance <= 10, "tolerance",
             OptionChecker::number(options.tolerance), "a factor from 1 to 10");
  check.between("headroom", options.headroom, 1, 1'000);
  check.positive("sample_window", options.sample_window);
  check.between("min_samples", options.min_samples, 1, 10'000);
  check.between("long_window", options.long_window, 10, 100'000);
  return check.take();
}

AdaptiveLimit::AdaptiveLimit(std::string name, const AdaptiveLimitOptions& options)
    : limit_(options.initial),
      window_end_(no_window),
      exact_limit_(options.initial),
      options_(options),
      name_(std::move(name)) {
  require_valid("adaptive limit", name_, validate(options_));
}

void AdaptiveLimit::note_peak(std::uint32_t in_flight) noexcept {
  std::uint32_t seen = peak_.load(std::memory_order_relaxed);
  while (seen < in_flight && !peak_.compare_exchange_weak(seen, in_flight, std::memory_order_relaxed)) {
  }
}

void AdaptiveLimit::record(const Outcome& outcome, TimePoint now) noexcept {
  drop();
  if (tells_of_load(outcome)) sample(outcome.latency, now);
}

void AdaptiveLimit::sample(Duration latency, TimePoint now) noexcept {
  if (samples_.load(std::memory_order_relaxed) >> count_shift < enough) {
    const auto length = static_cast<std::uint64_t>(std::clamp(latency, Duration::zero(), longest).count());
    samples_.fetch_add(one_sample + (length >> latency_shift), std::memory_order_relaxed);
  }
  if (ticks_of(now) >= window_end_.load(std::memory_order_relaxed)) close_window(now);
}

void AdaptiveLimit::close_window(TimePoint now) noexcept {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock) return;  // another thread is at it
  const Duration::rep end = window_end_.load(std::memory_order_relaxed);
  if (ticks_of(now) < end) return;  // and has just done it
  const bool first = end == no_window;
  if (!first && samples_.load(std::memory_order_relaxed) >> count_shift < options_.min_samples) return;
  window_end_.store(ticks_of(saturating_add(now, options_.sample_window)), std::memory_order_relaxed);
  if (first) return;  // it begins with this call

  const std::uint64_t taken = samples_.exchange(0, std::memory_order_relaxed);
  const std::uint32_t peak =
      peak_.exchange(in_flight_.load(std::memory_order_relaxed), std::memory_order_relaxed);
  const auto sum = static_cast<double>((taken & (one_sample - 1)) << latency_shift);
  // What the shift cut off: half a unit for each on average.
  const auto mean = sum / static_cast<double>(taken >> count_shift) + double{1U << (latency_shift - 1)};
  adapt_locked(mean, peak);
}

void AdaptiveLimit::adapt_locked(double latency, std::uint32_t peak) noexcept {
  // A plain mean for the first windows.
  constexpr std::uint64_t warm_up = 10;
  ++windows_;
  short_latency_ = latency;
  const double weight =
      windows_ <= warm_up ? 1.0 / static_cast<double>(windows_) : 2.0 / (options_.long_window + 1.0);
  long_latency_ += weight * (latency - long_latency_);
  if (long_latency_ > 2 * short_latency_) long_latency_ *= 0.95;
  if (peak < exact_limit_ / 2) return;

  const double gradient = std::clamp(options_.tolerance * long_latency_ / short_latency_, 0.5, 1.0);
  const double wanted = gradient * exact_limit_ + options_.headroom;
  exact_limit_ = std::clamp(exact_limit_ + options_.smoothing * (wanted - exact_limit_),
                            static_cast<double>(options_.min_limit), static_cast<double>(options_.max_limit));
  limit_.store(static_cast<std::uint32_t>(exact_limit_), std::memory_order_relaxed);
}

void AdaptiveLimit::tell_rejected(TimePoint now) noexcept {
  events_.on_rejected(
      {{name_, PolicyKind::adaptive_limit, now}, Rejection{Reason::concurrency_limit, name_, std::nullopt}});
}

AdaptiveLimitSnapshot AdaptiveLimit::snapshot() const noexcept {
  AdaptiveLimitSnapshot shown;
  shown.limit = limit();
  shown.in_flight = in_flight_.load(std::memory_order_acquire);
  shown.totals = {tally_.sum(admitted), tally_.sum(rejected)};
  const std::scoped_lock lock(mutex_);
  shown.short_latency = Duration{static_cast<Duration::rep>(short_latency_)};
  shown.long_latency = Duration{static_cast<Duration::rep>(long_latency_)};
  shown.windows = windows_;
  return shown;
}

}  // namespace switchgear
