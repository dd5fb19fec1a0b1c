#include "app/history/sampler.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include "app/history/sample_numbers.hpp"
#include "switchgear/observe/figures/quantile.hpp"

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

[[nodiscard]] bool is_empty(const CircuitSample& sample) {
  const SampleNumbers numbers = numbers_of(sample);
  return std::ranges::all_of(numbers, [](std::uint64_t number) { return number == 0; });
}

}  // namespace

Sampler::Sampler(Sources sources) : sources_(std::move(sources)) {}

CircuitSample Sampler::between(const Totals& before, const Totals& after, TimePoint now) {
  CircuitSample made = since(before.others, after.others);
  const bool same = before.breaker == after.breaker;
  if (!same && before.breaker) {
    CircuitSample last;
    count(last, before.breaker->snapshot(now));
    add(made, since(before.of_breaker, last));
  }
  add(made, since(same ? before.of_breaker : CircuitSample{}, after.of_breaker));
  // A breaker has not seen the calls of a service from before it came and after it went.
  const bool breaker_saw_all = before.breaker
                                   ? after.breaker || !after.is_service  // the service has gone too
                                   : after.breaker && !before.is_service;
  if (breaker_saw_all) return made;
  const CircuitSample counted = since(before.of_service, after.of_service);
  made.successes = counted.successes;
  made.failures = counted.failures;
  return made;
}

Samples Sampler::take(TimePoint now) {
  AllTotals after = totals(now);
  Samples made;
  for (const auto& [name, seen] : after) {
    const auto known = before_.find(name);
    const CircuitSample sample = between(known == before_.end() ? Totals{} : known->second, seen, now);
    if (seen.present || !is_empty(sample)) made.emplace(name, sample);
  }
  before_ = std::move(after);
  return made;
}

Sampler::AllTotals Sampler::totals(TimePoint now) const {
  AllTotals all;
  if (sources_.services) {
    for (const auto& [name, failures] : sources_.services()) {
      all[name].of_service.failures = failures;
      all[name].is_service = true;
    }
  }
  for (const auto& breaker : sources_.policies.breakers().all()) {
    Totals& of = all[breaker->name()];
    of.breaker = breaker;
    count(of.of_breaker, breaker->snapshot(now));
  }
  sources_.durations.for_each([&](const std::string& name, const CircuitDurations& durations) {
    const auto [place, removed] = all.try_emplace(name);
    Totals& of = place->second;
    of.present = !removed;
    count(of.others, durations);
    of.of_service.successes = figures::calls_in(of.others.successes_took);
  });
  for (const PolicySnapshot& policy : sources_.policies.snapshots(now)) {
    if (policy.kind != PolicyKind::fallback) continue;
    const auto found = all.find(policy.name);
    if (found != all.end()) count(found->second.others, policy);
  }
  return all;
}

}  // namespace switchgear::history
