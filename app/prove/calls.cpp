#include "app/prove/calls.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "switchgear/analysis/explain.hpp"

namespace switchgear::prove {

namespace {

constexpr Duration millisecond = std::chrono::milliseconds{1};

Duration seconds(double length) { return from_seconds(std::min(length, to_seconds(latest))); }

}  // namespace

Calls::Calls(const analysis::Policy& policy, std::optional<double> rate) : policy_(policy) {
  analysis::Policy quick = policy;
  quick.hedge.reset();  // attempts that fail at once start none
  const analysis::Amplification load = analysis::amplification(quick);
  most_each_ = static_cast<double>(load.most);
  attempts_each_ = load.steady.value_or(most_each_);
  extra_per_second_ = load.extra_per_second;
  at_once_ =
      analysis::calls_at_once(policy) * (policy.hedge ? std::uint64_t{policy.hedge->max_hedges} + 1 : 1);
  if (!rate) return;
  const double calls = policy.rate_limiter ? std::min(*rate, policy.rate_limiter->rate) : *rate;
  attempts_per_second_ = std::min(calls * attempts_each_ + extra_per_second_, calls * most_each_);
}

double Calls::calls_for(double attempts) const noexcept {
  return std::max((attempts - extra_per_second_) / attempts_each_, attempts / most_each_);
}

std::optional<double> Calls::most_per_second(Duration length) const noexcept {
  if (at_once_ == 0 || length <= Duration::zero()) return std::nullopt;
  return static_cast<double>(at_once_) / to_seconds(length);
}

std::vector<FailureType> Calls::failures() const {
  const analysis::FailureWhen& when = policy_.failure_when;
  std::vector<FailureType> types;
  if (!when.status.empty()) types.push_back(FailureType::http_error);
  if (when.connection_error) types.push_back(FailureType::connection_error);
  if (when.timeout) types.push_back(FailureType::timeout);
  const FailureWeights& weights = policy_.circuit_breaker->weights;
  std::ranges::stable_sort(types, std::greater<>{}, [&](FailureType type) { return weights[type]; });
  return types;
}

lab::TraceResult Calls::lasting(Duration length, bool longer) const {
  const auto limit = analysis::attempt_limit(policy_);
  length = std::min(length, latest);
  const Duration least = longer ? length + Duration{1} : length;
  if (limit && least >= *limit) return {Verdict::failure, FailureType::timeout, least, std::nullopt};
  // A round number, where slots are not so few that every nanosecond of them counts.
  Duration lasts = longer && at_once_ == 0 ? length + millisecond : least;
  if (limit) lasts = std::min(lasts, *limit);
  return {Verdict::success, FailureType::exception, lasts, std::nullopt};
}

Duration Calls::quick(Duration slow_above, Duration hung_after) noexcept {
  return std::max(Duration{1}, std::min({millisecond, slow_above, hung_after - Duration{1}}));
}

TimePoint Calls::earliest(std::uint64_t k) const noexcept {
  if (attempts_per_second_) {
    const double after = static_cast<double>(k) / *attempts_per_second_;
    return TimePoint{seconds(after)};
  }
  if (!policy_.rate_limiter) return TimePoint{};
  const auto call = static_cast<std::uint64_t>(static_cast<double>(k) / std::max(1.0, attempts_each_));
  const std::uint64_t burst = policy_.rate_limiter->burst_or_rate();
  if (call < burst) return TimePoint{};
  return TimePoint{seconds(static_cast<double>(call - burst + 1) / policy_.rate_limiter->rate) + Duration{1}};
}

Trace Calls::attempts(std::uint64_t n, const lab::TraceResult& result, std::uint64_t slots,
                      Duration align) const {
  const Duration length = result.latency.value_or(millisecond);
  const bool aligned = align > Duration::zero() && align < latest / 4;
  const Duration over = aligned ? length % align : Duration::zero();
  const Duration shift = over == Duration::zero() ? over : align - over;
  std::vector<TimePoint> free(slots == 0 ? 0 : std::min<std::uint64_t>(slots, n), TimePoint{});
  Trace trace;
  for (std::uint64_t k = 0; k < n; ++k) {
    TimePoint begin = earliest(k) + shift;
    if (!free.empty()) begin = std::max(begin, free[k % free.size()]);
    if (begin.time_since_epoch() > latest) break;
    if (!free.empty()) free[k % free.size()] = begin + length;
    trace.push_back(call(begin, length, result.verdict, result.type));
  }
  return trace;
}

Trace Calls::ending_together(std::uint64_t n, FailureType type) const {
  const auto limit = analysis::attempt_limit(policy_);
  const std::uint64_t hanging = at_once_ == 0 ? n : std::min(n, at_once_);
  TimePoint end = earliest(n) + millisecond;
  if (limit) end = std::min(end, TimePoint{*limit});
  // Where a window of the breaker begins.
  if (const auto* window = std::get_if<TimeWindowOptions>(&policy_.circuit_breaker->window)) {
    const Duration width = window->duration / window->buckets;
    if (end.time_since_epoch() > width) end -= end.time_since_epoch() % width;
  }
  Trace trace;
  TimePoint last = end;
  for (std::uint64_t k = 0; k < n; ++k) {
    const TimePoint begin = earliest(k);
    if (k < hanging && begin < end) {
      trace.push_back(call(begin, end - begin, Verdict::failure, type));
    } else {
      last = std::max(last, begin);
      trace.push_back(call(last, Duration{1000}, Verdict::failure, type));
      last += Duration{1000};
    }
  }
  return trace;
}

Trace Calls::hanging(std::uint64_t n) const {
  Trace trace;
  for (std::uint64_t k = 0; k < n; ++k) trace.push_back(acquire(earliest(k), k + 1));
  return trace;
}

}  // namespace switchgear::prove
