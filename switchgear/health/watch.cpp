#include "switchgear/health/watch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "switchgear/policy/option_checker.hpp"

namespace switchgear::health {

namespace {

WatchOptions checked(const WatchOptions& options) {
  require_valid("health check", "", validate(options));
  return options;
}

[[nodiscard]] Duration scaled(Duration length, double factor) noexcept {
  const double made = static_cast<double>(length.count()) * factor;
  if (made >= static_cast<double>(Duration::max().count())) return Duration::max();
  return Duration{std::llround(made)};
}

void count_up(std::uint32_t& count) noexcept {
  if (count < std::numeric_limits<std::uint32_t>::max()) ++count;
}

}  // namespace

Watch::Watch(const WatchOptions& options, std::uint64_t seed, TimePoint now)
    : options_(checked(options)), random_(seed), limit_(now) {
  due_ = saturating_add(now, scaled(options_.interval, options_.jitter * random_.uniform()));
  seen_.since = now;
}

Watch::Step Watch::step(TimePoint now, Traffic traffic) {
  if (now < next_due()) return {};
  if (out_ && !given_up_) {
    given_up_ = true;
    if (due_ <= now) due_ = next_after(now, traffic);  // it is given as long to come back
    return {Todo::give_up, judge({CheckEnd::timeout, "no answer in time"}, now)};
  }
  due_ = next_after(now, traffic);
  if (out_) return {Todo::wait, judge({CheckEnd::hung, "the check before has not come back"}, now)};
  out_ = true;
  given_up_ = false;
  limit_ = saturating_add(now, options_.timeout);
  return {Todo::begin, std::nullopt};
}

std::optional<Judged> Watch::end(CheckResult result, TimePoint now) {
  out_ = false;
  if (given_up_) return std::nullopt;
  if (now >= limit_) result = {CheckEnd::timeout, "the answer came too late"};
  return judge(std::move(result), now);
}

Judged Watch::judge(CheckResult result, TimePoint now) {
  const bool good = result.good();
  ++seen_.results[static_cast<std::size_t>(result.end)];
  count_up(good ? seen_.successes_in_a_row : seen_.failures_in_a_row);
  (good ? seen_.failures_in_a_row : seen_.successes_in_a_row) = 0;
  Judged judged{std::move(result), seen_.status, next_status(good),
                good ? seen_.successes_in_a_row : seen_.failures_in_a_row, now};
  if (judged.changed()) seen_.since = now;
  seen_.status = judged.after;
  seen_.last_at = now;
  seen_.last = judged.result;
  return judged;
}

Status Watch::next_status(bool good) const noexcept {
  switch (seen_.status) {
    case Status::unknown:
      return good ? Status::healthy : Status::unhealthy;
    case Status::healthy:
      return seen_.failures_in_a_row >= options_.rows.unhealthy ? Status::unhealthy : Status::healthy;
    case Status::unhealthy:
      break;
  }
  return seen_.successes_in_a_row >= options_.rows.healthy ? Status::healthy : Status::unhealthy;
}

TimePoint Watch::next_after(TimePoint now, Traffic traffic) noexcept {
  const Duration interval =
      traffic == Traffic::none ? options_.no_traffic_interval.value_or(options_.interval) : options_.interval;
  const Duration spread = scaled(interval, 1 + options_.jitter * (2 * random_.uniform() - 1));
  return saturating_add(now, std::max(spread, Duration{1}));
}

}  // namespace switchgear::health
