#include "switchgear/policy/rate_limiter.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <utility>

#include "switchgear/policy/option_checker.hpp"

namespace switchgear {

namespace {

constexpr std::int64_t most_ahead = std::int64_t{1} << 58U;  ///< units between now and tat
constexpr std::int64_t finest_unit = std::int64_t{1} << 24U;

struct Fraction {
  std::int64_t above;
  std::int64_t below;
};

/// The simplest fraction that a program would have rounded to `value`, by continued fractions.
Fraction fraction_of(double value) noexcept {
  const auto exact = static_cast<long double>(value);
  Fraction before{1, 0};
  Fraction found{std::llroundl(std::floor(exact)), 1};
  long double rest = exact - std::floor(exact);
  const auto off = [exact](const Fraction& f) {
    return std::fabs(exact - static_cast<long double>(f.above) / static_cast<long double>(f.below));
  };
  while (off(found) > exact * 0x1.1p-53L) {
    const long double next = 1 / rest;
    const std::int64_t digit = std::llroundl(std::floor(next));
    before = std::exchange(found, {digit * found.above + before.above, digit * found.below + before.below});
    rest = next - std::floor(next);
  }
  return found;
}

/// The time between two tokens, in nanoseconds. When its denominator would be more than `most`, a little
/// longer than the true interval, as the rate must never be exceeded.
Fraction interval_of(double rate, std::int64_t most) noexcept {
  constexpr std::int64_t second = 1'000'000'000;
  const Fraction per_second = fraction_of(rate);
  const std::int64_t common = std::gcd(per_second.above, second);
  Fraction interval{0, per_second.above / common};
  if (interval.below <= most && !__builtin_mul_overflow(second / common, per_second.below, &interval.above)) {
    return interval;
  }
  const auto power = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(most)));
  const long double exact = 1e9L / static_cast<long double>(rate);
  return {std::llroundl(std::ceil(exact * static_cast<long double>(power))), power};
}

/// How far tat may be ahead of now, in ns.
double ahead_of(const RateLimiterOptions& options) noexcept {
  return 1e9 * options.burst_or_rate() / options.rate + static_cast<double>(options.max_wait.count());
}

}  // namespace

std::uint32_t RateLimiterOptions::burst_or_rate() const noexcept {
  if (burst != 0) return burst;
  return static_cast<std::uint32_t>(std::clamp(std::ceil(rate), 1.0, 1e9));
}

std::vector<OptionProblem> validate(const RateLimiterOptions& options) {
  constexpr std::uint64_t most_burst = 1'000'000'000;
  constexpr double five_years = 5.0 * 365 * 86'400;
  constexpr double most_waiting = 1e10;
  OptionChecker check;
  const bool rate_is_good = options.rate >= 1e-8 && options.rate <= 1e9;  // not NaN
  check.want(rate_is_good, "rate", OptionChecker::number(options.rate), "a rate from 1e-8 to 1e9 per second");
  check.between("burst", options.burst, 0, most_burst);
  check.not_negative("max_wait", options.max_wait);
  if (!rate_is_good || options.burst > most_burst || options.max_wait < Duration::zero()) return check.take();

  const double filling = ahead_of(options) * 1e-9;
  check.want(filling <= five_years, "burst", OptionChecker::number(filling) + "s to fill and to wait",
             "at most five years");
  const double waiting = options.rate * to_seconds(options.max_wait);
  check.want(waiting <= most_waiting, "max_wait", OptionChecker::number(waiting) + " callers waiting",
             "at most 1e10");
  return check.take();
}

RateLimiter::RateLimiter(std::string name, const RateLimiterOptions& options)
    : unit_(1), interval_(1), slack_(0), most_behind_(0), options_(options), name_(std::move(name)) {
  require_valid("rate limiter", name_, validate(options_));
  const auto most_units = static_cast<std::int64_t>(static_cast<double>(most_ahead) / ahead_of(options_));
  const Fraction interval = interval_of(options_.rate, std::clamp<std::int64_t>(most_units, 1, finest_unit));
  unit_ = interval.below;
  interval_ = interval.above;
  slack_ = (std::int64_t{options_.burst_or_rate()} - 1) * interval_;
  most_behind_ = most_elapsed / unit_;
  // Exact for dividends below 2^tag_shift: Granlund, Montgomery, "Division by invariant integers using
  // multiplication" (PLDI 1994), theorem 4.2.
  const int width = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(unit_ - 1)));
  reciprocal_shift_ = tag_shift + width;
  __extension__ using Wide = unsigned __int128;
  const auto unit = static_cast<std::uint64_t>(unit_);
  reciprocal_ = static_cast<std::uint64_t>(((Wide{1} << reciprocal_shift_) + unit - 1) / unit);
  // Further back than any time, so that the first caller moves the base to its own.
  for (auto& base : bases_) base.store(ticks_of(TimePoint::min()), std::memory_order_relaxed);
}

Result<RateLimiter::Token> RateLimiter::reserve_slow(TimePoint now, TimePoint before) noexcept {
  for (;;) {
    const View seen = view(now);
    if (seen.behind > most_behind_) {
      rebase(now);
      continue;
    }
    const std::int64_t due = seen.tat - slack_;
    const TimePoint at = due > seen.elapsed ? instant(seen.base, due) : now;
    const Duration wait = saturating_sub(at, now);
    // At the end of time, which `before` is at the latest, no instant is left to hand out.
    if (wait > options_.max_wait || (due > seen.elapsed && at >= before)) {
      // Refusing changes nothing that would show that the base was another tag's.
      if (state_.load(std::memory_order_relaxed) != seen.state) continue;
      tally_.add(rejected);
      return {Reason::rate_limited, name_, wait};
    }
    const std::uint64_t after = seen.after(interval_);
    if (try_change(seen, after)) {
      tally_.add(admitted);
      if (wait > Duration::zero()) tally_.add(delayed);
      return Token{at, seen.state, after};
    }
    pause_after_lost_race();
  }
}

bool RateLimiter::give_back(const Token& token) noexcept {
  std::uint64_t expected = token.after_;
  // Equal state means that this token is the last one reserved: every reservation moves tat on.
  if (!state_.compare_exchange_strong(expected, token.before_, std::memory_order_acq_rel,
                                      std::memory_order_relaxed)) {
    return false;
  }
  tally_.add(given_back);
  return true;
}

void RateLimiter::rebase(TimePoint now) noexcept {
  const std::scoped_lock lock(mutex_);
  std::uint64_t seen = state_.load(std::memory_order_acquire);
  const std::uint64_t tag = tag_of(seen);  // changes under this lock only
  const TimePoint base = time_of(bases_[tag & 1U].load(std::memory_order_relaxed));
  const Duration::rep behind = saturating_sub(now, base).count();
  if (behind <= most_behind_) return;

  const std::uint64_t next = (tag + 1) & (~std::uint64_t{0} >> tag_shift);
  bases_[next & 1U].store(ticks_of(now), std::memory_order_release);
  std::uint64_t moved = 0;
  do {
    const std::int64_t left = tat_of(seen) / unit_ < behind ? 0 : tat_of(seen) - behind * unit_;
    moved = (next << tag_shift) | static_cast<std::uint64_t>(left);
  } while (!state_.compare_exchange_weak(seen, moved, std::memory_order_acq_rel, std::memory_order_acquire));
}

TimePoint RateLimiter::instant(Duration::rep base, std::int64_t due) const noexcept {
  __extension__ using Wide = unsigned __int128;
  const auto units = static_cast<std::uint64_t>(due + unit_ - 1);
  const auto whole = static_cast<Duration::rep>((Wide{units} * reciprocal_) >> reciprocal_shift_);
  return saturating_add(time_of(base), Duration{whole});
}

RateLimiterSnapshot RateLimiter::snapshot(TimePoint now) const noexcept {
  RateLimiterSnapshot shown;
  // Ends are read before starts, so that a token seen given back was also seen admitted.
  shown.given_back = tally_.sum(given_back);
  shown.delayed = tally_.sum(delayed);
  shown.admitted = tally_.sum(admitted);
  shown.rejected = tally_.sum(rejected);
  std::uint64_t seen = 0;
  Duration::rep base = 0;
  do {
    seen = state_.load(std::memory_order_acquire);
    base = bases_[tag_of(seen) & 1U].load(std::memory_order_acquire);
  } while (state_.load(std::memory_order_relaxed) != seen);
  constexpr std::int64_t beyond_all = std::int64_t{1} << 61U;  // of any tat
  const Duration::rep behind =
      std::clamp<Duration::rep>(saturating_sub(now, time_of(base)).count(), 0, beyond_all / unit_);
  const std::int64_t elapsed = behind * unit_;
  const std::int64_t due = std::max(tat_of(seen), elapsed) - slack_;
  if (due > elapsed) {
    shown.backlog = saturating_sub(instant(base, due), now);
  } else {
    shown.available = static_cast<std::uint32_t>((elapsed - due) / interval_ + 1);
  }
  return shown;
}

}  // namespace switchgear
