// Whether a trip rule holds, by all calls of the closed period.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>

#include "tests/model/breaker_model.hpp"

namespace switchgear::model {

namespace {

__extension__ using Int128 = __int128;

Int128 bucket_number(TimePoint at, const TimeWindowOptions& window) {
  const Int128 scaled = Int128{at.time_since_epoch().count()} * window.buckets;
  const Int128 width = window.duration.count();
  const Int128 quotient = scaled / width;
  return scaled % width < 0 ? quotient - 1 : quotient;
}

}  // namespace

std::uint64_t BreakerModel::weight(const Booked& call) const {
  return call.verdict == Verdict::failure ? options_.weights[call.type] : 0;
}

std::optional<BreakerModel::Finding> BreakerModel::failure_rate(const std::vector<Booked>& calls) const {
  std::uint64_t failures = 0;  // a failure of weight 3 is three failed calls
  std::uint64_t successes = 0;
  for (const Booked& call : calls) {
    failures += weight(call);
    successes += call.verdict == Verdict::failure ? 0 : 1;
  }
  const double limit = *options_.failure_rate;
  const double seen = ratio(failures, failures + successes);
  if (!options_.failure_rate_confidence) {
    if (calls.size() < options_.minimum_calls || seen < limit) return std::nullopt;
    return Finding{Rule::failure_rate, seen, limit};
  }
  // As a test of the hypothesis that the rate is the limit, by tabled quantiles of the normal distribution.
  static const std::map<double, double> quantiles{{0.5, 0},
                                                  {0.75, 0.6744897501960817},
                                                  {0.9, 1.2815515655446004},
                                                  {0.95, 1.6448536269514722},
                                                  {0.99, 2.3263478740408408}};
  const double z = quantiles.at(*options_.failure_rate_confidence);
  const auto n = static_cast<double>(calls.size());
  if ((seen - limit) / std::sqrt(limit * (1 - limit) / n) < z - 1e-12) return std::nullopt;
  // The rate at which the test would only just hold, by halving.
  double low = 0;
  double high = seen;
  for (int step = 0; step < 200; ++step) {
    const double rate = (low + high) / 2;
    (rate <= 0 || (seen - rate) / std::sqrt(rate * (1 - rate) / n) >= z ? low : high) = rate;
  }
  return Finding{Rule::failure_rate, low, limit};
}

std::optional<BreakerModel::Finding> BreakerModel::rule_that_holds(TimePoint now) const {
  std::vector<Booked> calls = calls_in_window(now);
  const std::size_t n = calls.size();
  if (n > 0 && options_.failure_rate) {
    if (const auto found = failure_rate(calls)) return found;
  }
  if (n > 0 && n >= options_.minimum_calls) {
    if (options_.slow_call) {
      const auto slow = static_cast<std::size_t>(std::count_if(
          calls.begin(), calls.end(), [&](const Booked& call) { return is_slow(call.latency); }));
      if (ratio(slow, n) >= options_.slow_call->rate) {
        return Finding{Rule::slow_call, ratio(slow, n), options_.slow_call->rate};
      }
    }
    if (options_.latency) {
      std::sort(calls.begin(), calls.end(),
                [](const Booked& a, const Booked& b) { return a.latency < b.latency; });
      const double position = std::ceil(options_.latency->quantile * static_cast<double>(n) - 1e-9);
      const Duration quantile =
          calls[std::max<std::size_t>(1, static_cast<std::size_t>(position)) - 1].latency;
      if (quantile >= options_.latency->above) {
        return Finding{Rule::latency, to_seconds(quantile), to_seconds(options_.latency->above)};
      }
    }
  }
  const std::uint32_t streak = adapted().consecutive_failures;
  if (streak > 0 && consecutive_failures() >= streak) {
    return Finding{Rule::consecutive_failures, static_cast<double>(consecutive_failures()),
                   static_cast<double>(streak)};
  }
  if (options_.failure_balance && failure_balance() >= *options_.failure_balance) {
    return Finding{Rule::failure_balance, static_cast<double>(failure_balance()),
                   static_cast<double>(*options_.failure_balance)};
  }
  return stuck_calls(now);
}

std::optional<BreakerModel::Finding> BreakerModel::stuck_calls(TimePoint now) const {
  if (!options_.stuck_calls) return std::nullopt;
  const auto stuck = std::count_if(in_flight_.begin(), in_flight_.end(), [&](const auto& entry) {
    return entry.second.generation == generation_ &&
           now - entry.second.start > options_.stuck_calls->older_than;
  });
  if (stuck < options_.stuck_calls->count) return std::nullopt;
  return Finding{Rule::stuck_calls, static_cast<double>(stuck),
                 static_cast<double>(options_.stuck_calls->count)};
}

std::vector<BreakerModel::Booked> BreakerModel::calls_in_window(TimePoint now) const {
  std::vector<Booked> all;
  std::copy_if(booked_.begin(), booked_.end(), std::back_inserter(all),
               [](const Booked& call) { return !call.of_ramp; });
  if (const auto* count = std::get_if<CountWindowOptions>(&options_.window)) {
    const std::size_t size = std::min<std::size_t>(count->size, all.size());
    return {all.end() - static_cast<std::ptrdiff_t>(size), all.end()};
  }
  const auto& window = std::get<TimeWindowOptions>(options_.window);
  std::vector<Booked> calls;
  for (const Booked& call : all) {
    if (bucket_number(call.at, window) > bucket_number(now, window) - window.buckets) calls.push_back(call);
  }
  return calls;
}

std::uint64_t BreakerModel::consecutive_failures() const {
  std::uint64_t failures = 0;
  for (const Booked& call : booked_) failures = call.verdict == Verdict::failure ? failures + 1 : 0;
  return failures;
}

std::uint64_t BreakerModel::failure_balance() const {
  std::uint64_t balance = 0;
  for (const Booked& call : booked_) {
    if (call.verdict == Verdict::failure) {
      balance += weight(call);
    } else if (balance > 0) {
      --balance;
    }
  }
  return balance;
}

bool BreakerModel::is_slow(Duration latency) const {
  return options_.slow_call && latency > options_.slow_call->threshold;
}

WindowSnapshot BreakerModel::window(TimePoint now) const {
  WindowSnapshot seen;
  if (options_.needs_window() || is_controlled()) {
    std::vector<Booked> calls;
    if (const auto ramp = this->ramp()) {
      for (const RampCall& call : ramp->step) calls.push_back(booked_[call.number]);
    } else {
      calls = calls_in_window(now);
    }
    for (const Booked& call : calls) {
      ++seen.calls;
      if (call.verdict == Verdict::failure) ++seen.failures;
      if (weight(call) > 1) seen.extra_weight += weight(call) - 1;
      if (is_slow(call.latency)) ++seen.slow;
      if (options_.latency && call.latency >= options_.latency->above) ++seen.high;
    }
  }
  if (options_.consecutive_failures) seen.consecutive_failures = consecutive_failures();
  if (options_.failure_balance) seen.failure_balance = failure_balance();
  return seen;
}

}  // namespace switchgear::model
