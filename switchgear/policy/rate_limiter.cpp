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
__extension__ using Wide = unsigned __int128;
__extension__ using SignedWide = __int128;

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

RateLimiter::Measure RateLimiter::measure_of(const RateLimiterOptions& options, Duration room) {
  const double ahead = ahead_of(options) + static_cast<double>(room.count());
  const auto most_units = static_cast<std::int64_t>(static_cast<double>(most_ahead) / ahead);
  const Fraction interval = interval_of(options.rate, std::clamp<std::int64_t>(most_units, 1, finest_unit));
  Measure made{};
  made.unit = interval.below;
  made.interval = interval.above;
  made.slack = (std::int64_t{options.burst_or_rate()} - 1) * made.interval;
  made.most_behind = most_elapsed / made.unit;
  made.max_wait = options.max_wait.count();
  // Exact for dividends below 2^tag_shift: Granlund, Montgomery, "Division by invariant integers using
  // multiplication" (PLDI 1994), theorem 4.2.
  const auto unit = static_cast<std::uint64_t>(made.unit);
  made.reciprocal_shift = tag_shift + static_cast<int>(std::bit_width(unit - 1));
  made.reciprocal = static_cast<std::uint64_t>(((Wide{1} << made.reciprocal_shift) + unit - 1) / unit);
  return made;
}

void RateLimiter::Frame::fill(Duration::rep from, const Measure& measure) noexcept {
  base.store(from, std::memory_order_release);
  most_behind.store(measure.most_behind, std::memory_order_release);
  max_wait.store(measure.max_wait, std::memory_order_release);
  unit.store(measure.unit, std::memory_order_release);
  interval.store(measure.interval, std::memory_order_release);
  slack.store(measure.slack, std::memory_order_release);
  reciprocal.store(measure.reciprocal, std::memory_order_release);
  reciprocal_shift.store(measure.reciprocal_shift, std::memory_order_release);
}

RateLimiter::RateLimiter(std::string name, const RateLimiterOptions& options)
    : name_(std::move(name)), options_(options) {
  require_valid("rate limiter", name_, validate(options_));
  measure_ = measure_of(options_, Duration::zero());
  // Further back than any time, so that the first caller moves the base to its own.
  for (Frame& frame : frames_) frame.fill(ticks_of(TimePoint::min()), measure_);
}

RateLimiterOptions RateLimiter::options() const {
  const std::scoped_lock lock(mutex_);
  return options_;
}

void RateLimiter::set_options(const RateLimiterOptions& options, TimePoint now) {
  require_valid("rate limiter", name_, validate(options));
  const std::scoped_lock lock(mutex_);
  // The last token reserved is as far ahead as it is now (options of before may have let callers wait for
  // longer), or as far as callers get who reserve until the move.
  const Measure next = measure_of(options, std::max(options_.max_wait, backlog_locked(now)));
  options_ = options;
  move_locked(now, next);
}

Result<RateLimiter::Token> RateLimiter::reserve_slow(TimePoint now, TimePoint before) noexcept {
  for (;;) {
    const View seen = view(now);
    if (seen.behind > seen.most_behind) {
      rebase(now);
      continue;
    }
    const Frame& frame = frame_of(seen.state);
    const std::int64_t due = seen.tat - seen.slack;
    const TimePoint at = due > seen.elapsed ? instant(frame, due) : now;
    const Duration wait = saturating_sub(at, now);
    // At the end of time, which `before` is at the latest, no instant is left to hand out.
    if (wait.count() > frame.max_wait.load(std::memory_order_acquire) ||
        (due > seen.elapsed && at >= before)) {
      // Refusing changes nothing that would show that the frame was another tag's.
      if (state_.load(std::memory_order_relaxed) != seen.state) continue;
      tally_.add(rejected);
      if (events_.wants(Interest::rejections)) {
        events_.on_rejected(
            {{name_, PolicyKind::rate_limiter, now}, Rejection{Reason::rate_limited, name_, wait}});
      }
      return {Reason::rate_limited, name_, wait};
    }
    const std::uint64_t after = seen.after();
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
  const Frame& frame = frame_of(state_.load(std::memory_order_acquire));
  const TimePoint base = time_of(frame.base.load(std::memory_order_relaxed));
  if (saturating_sub(now, base).count() > measure_.most_behind) move_locked(now, measure_);
}

/// How far tat is ahead of now in the units of `to`, when it is `ahead` in those of `from`. Rounded up: never
/// a token too many.
std::int64_t RateLimiter::carried(std::int64_t ahead, const Measure& from, const Measure& to) noexcept {
  if (&from == &to) return ahead;
  const auto times = [](std::int64_t value, std::int64_t factor, std::int64_t divisor) {
    return (SignedWide{value} * factor + divisor - 1) / divisor;
  };
  const std::int64_t backlog = ahead - from.burst();  // up to the instant of the last token reserved
  if (backlog > 0) return static_cast<std::int64_t>(times(backlog, to.unit, from.unit)) + to.burst();
  // From here on, `ahead` is the tokens that are missing in a full bucket.
  const SignedWide missing = times(ahead, to.interval, from.interval);
  const SignedWide more = to.burst() - times(from.burst(), to.interval, from.interval);
  return missing + more > 0 ? static_cast<std::int64_t>(missing + more) : 0;
}

Duration RateLimiter::backlog_locked(TimePoint now) const noexcept {
  const std::uint64_t seen = state_.load(std::memory_order_acquire);
  const TimePoint base = time_of(frame_of(seen).base.load(std::memory_order_relaxed));
  const Duration last{(tat_of(seen) - measure_.burst()) / measure_.unit + 1};
  return std::max(saturating_sub(saturating_add(base, last), std::max(now, base)), Duration::zero());
}

void RateLimiter::move_locked(TimePoint now, const Measure& measure) noexcept {
  std::uint64_t seen = state_.load(std::memory_order_acquire);
  const std::uint64_t tag = tag_of(seen);  // changes under this lock only
  const Duration::rep old = frames_[tag & 1U].base.load(std::memory_order_relaxed);
  const Duration::rep base = std::max(ticks_of(now), old);
  const Duration::rep behind = saturating_sub(time_of(base), time_of(old)).count();
  const std::uint64_t next = (tag + 1) & (~std::uint64_t{0} >> tag_shift);
  frames_[next & 1U].fill(base, measure);
  std::uint64_t moved = 0;
  do {
    const std::int64_t tat = tat_of(seen);
    const std::int64_t ahead = tat / measure_.unit < behind ? 0 : tat - behind * measure_.unit;
    moved = (next << tag_shift) | static_cast<std::uint64_t>(carried(ahead, measure_, measure));
  } while (!state_.compare_exchange_weak(seen, moved, std::memory_order_acq_rel, std::memory_order_acquire));
  measure_ = measure;
}

TimePoint RateLimiter::instant(const Frame& frame, std::int64_t due) noexcept {
  const auto units = static_cast<std::uint64_t>(due + frame.unit.load(std::memory_order_acquire) - 1);
  const Wide product = Wide{units} * frame.reciprocal.load(std::memory_order_acquire);
  const auto whole =
      static_cast<Duration::rep>(product >> frame.reciprocal_shift.load(std::memory_order_acquire));
  return saturating_add(time_of(frame.base.load(std::memory_order_acquire)), Duration{whole});
}

RateLimiterSnapshot RateLimiter::snapshot(TimePoint now) const noexcept {
  RateLimiterSnapshot shown;
  // Ends are read before starts, so that a token seen given back was also seen admitted.
  shown.totals.given_back = tally_.sum(given_back);
  shown.totals.delayed = tally_.sum(delayed);
  shown.totals.admitted = tally_.sum(admitted);
  shown.totals.rejected = tally_.sum(rejected);
  const std::scoped_lock lock(mutex_);  // so that the frame is the state's
  const std::uint64_t seen = state_.load(std::memory_order_acquire);
  const Frame& frame = frame_of(seen);
  const Duration::rep base = frame.base.load(std::memory_order_relaxed);
  constexpr std::int64_t beyond_all = std::int64_t{1} << 61U;  // of any tat
  const Duration::rep behind =
      std::clamp<Duration::rep>(saturating_sub(now, time_of(base)).count(), 0, beyond_all / measure_.unit);
  const std::int64_t elapsed = behind * measure_.unit;
  const std::int64_t due = std::max(tat_of(seen), elapsed) - measure_.slack;
  if (due > elapsed) {
    shown.backlog = saturating_sub(instant(frame, due), now);
  } else {
    shown.available = static_cast<std::uint32_t>((elapsed - due) / measure_.interval + 1);
  }
  return shown;
}

}  // namespace switchgear
