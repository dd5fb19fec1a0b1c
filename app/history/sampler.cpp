#include "app/history/sampler.hpp"

#include <numeric>
#include <string_view>
#include <utility>

#include "app/history/sample_numbers.hpp"

namespace switchgear::history {

namespace {

void count(CircuitSample& to, const BreakerSnapshot& seen) {
  to.state = seen.state;
  to.successes = seen.totals.successes;
  to.failures = seen.totals.failures_by_type;
  to.ignored = seen.totals.ignored;
  to.slow = seen.totals.slow();
  to.rejected = seen.totals.rejected;
}

void count(CircuitSample& to, const CircuitDurations& durations) {
  const DurationHistogramSnapshot successes = durations.success.snapshot();
  const DurationHistogramSnapshot failures = durations.failure.snapshot();
  to.successes_took = successes.counts;
  to.failures_took = failures.counts;
  to.success_time = successes.sum;
  to.failure_time = failures.sum;
}

void count(CircuitSample& to, const PolicySnapshot& fallback) {
  for (const NamedCount& total : fallback.totals) {
    if (total.what == "answered") to.fallbacks_answered = total.count;
    if (total.what == "queued") to.fallbacks_queued = total.count;
    if (total.what == "failed") to.fallbacks_failed = total.count;
  }
}

/// What `now` has more than `before`; all of it where it has less, because it was counted anew.
[[nodiscard]] CircuitSample since(const CircuitSample& before, const CircuitSample& now) {
  CircuitSample made = now;
  const SampleNumbers old = numbers_of(before);
  SampleNumbers numbers = numbers_of(now);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i] >= old[i]) numbers[i] -= old[i];
  }
  set_numbers(made, numbers);
  return made;
}

/// Only what outlives a breaker that is replaced: durations and fallbacks.
[[nodiscard]] CircuitSample without_breaker(CircuitSample counted) {
  counted.successes = 0;
  counted.failures = {};
  counted.ignored = 0;
  counted.slow = 0;
  counted.rejected = 0;
  return counted;
}

[[nodiscard]] bool same(const std::weak_ptr<CircuitBreaker>& one,
                        const std::weak_ptr<CircuitBreaker>& other) {
  return !one.owner_before(other) && !other.owner_before(one);
}

}  // namespace

Sampler::Sampler(Sources sources) : sources_(std::move(sources)) {}

Samples Sampler::take(TimePoint now) {
  AllTotals after = totals(now);
  Samples made;
  for (const auto& [name, seen] : after) {
    if (!seen.present) continue;
    const auto known = before_.find(name);
    if (known == before_.end()) {
      made.emplace(name, seen.counted);
    } else if (same(known->second.breaker, seen.breaker)) {
      made.emplace(name, since(known->second.counted, seen.counted));
    } else {
      made.emplace(name, since(without_breaker(known->second.counted), seen.counted));
    }
  }
  before_ = std::move(after);
  return made;
}

Sampler::AllTotals Sampler::totals(TimePoint now) const {
  AllTotals all;
  if (sources_.services) {
    for (const auto& [name, failures] : sources_.services()) all[name].counted.failures = failures;
  }
  for (const auto& breaker : sources_.policies.breakers().all()) {
    Totals& of = all[breaker->name()];
    of.breaker = breaker;
    count(of.counted, breaker->snapshot(now));
  }
  sources_.durations.for_each([&](const std::string& name, const CircuitDurations& durations) {
    const auto [place, removed] = all.try_emplace(name);
    Totals& of = place->second;
    of.present = !removed;
    count(of.counted, durations);
    if (of.breaker.expired()) {
      const auto& took = of.counted.successes_took;
      of.counted.successes = std::accumulate(took.begin(), took.end(), std::uint64_t{0});
    }
  });
  for (const PolicySnapshot& policy : sources_.policies.snapshots(now)) {
    if (policy.kind != PolicyKind::fallback) continue;
    const auto found = all.find(policy.name);
    if (found != all.end()) count(found->second.counted, policy);
  }
  return all;
}

}  // namespace switchgear::history
