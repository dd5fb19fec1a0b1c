#include "switchgear/admin/circuit_source.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

#include "switchgear/observe/call_durations.hpp"
#include "switchgear/observe/figures/health_score.hpp"

namespace switchgear::admin {

namespace {

/// Of those near an opening; further ones would say nothing more.
constexpr std::size_t most_others = 50;

std::vector<OtherOpening> others_of(const std::string& circuit,
                                    const std::vector<TransitionLog::LastOpening>& all) {
  const auto own = std::ranges::find(all, circuit, &TransitionLog::LastOpening::breaker);
  std::vector<OtherOpening> others;
  if (own == all.end()) return others;
  for (const TransitionLog::LastOpening& each : all) {
    if (others.size() == most_others) break;
    const bool near =
        each.at > own->at - std::chrono::minutes{5} && each.at < own->at + std::chrono::minutes{5};
    if (near && each.breaker != circuit) others.push_back({each.breaker, each.at});
  }
  return others;
}

/// `last` is the last of `transitions` if these are more.
void keep_more(std::vector<LoggedTransition>& last, const std::vector<LoggedTransition>& transitions) {
  const auto count = std::min(transitions.size(), figures::scored_transitions);
  if (count > last.size())
    last.assign(transitions.end() - static_cast<std::ptrdiff_t>(count), transitions.end());
}

}  // namespace

CircuitSource::CircuitSource(const BreakerRegistry& registry, const Program& program,
                             WallAnchor::Wall started)
    : registry_(registry), program_(program), transitions_(*program.transitions), started_(started) {}

CircuitSource::Surroundings CircuitSource::surroundings() const {
  return program_.surroundings ? program_.surroundings() : Surroundings{};
}

/// Everything that was counted since the breaker was made, as if it had happened since `started_`.
CircuitSample CircuitSource::sample_of(const CircuitPresent& present, WallAnchor::Wall now) const {
  const CallTotals& totals = present.breaker.totals;
  CircuitSample sample;
  sample.from = started_;
  sample.length =
      std::chrono::ceil<std::chrono::seconds>(std::max(WallAnchor::between(started_, now), Duration{1}));
  sample.state = present.breaker.state;
  sample.successes = totals.successes;
  sample.failures = totals.failures_by_type;
  sample.ignored = totals.ignored;
  sample.slow = totals.slow();
  sample.rejected = totals.rejected;
  if (const auto& fallbacks = present.around.fallbacks) {
    sample.fallbacks_answered = fallbacks->answered;
    sample.fallbacks_queued = fallbacks->queued;
    sample.fallbacks_failed = fallbacks->failed;
  }
  const auto durations = program_.durations == nullptr ? nullptr : program_.durations->find(present.circuit);
  if (durations == nullptr) return sample;
  const DurationHistogramSnapshot successes = durations->success.snapshot();
  const DurationHistogramSnapshot failures = durations->failure.snapshot();
  sample.successes_took = successes.counts;
  sample.failures_took = failures.counts;
  sample.success_time = successes.sum;
  sample.failure_time = failures.sum;
  return sample;
}

SeenCircuit CircuitSource::in_memory(const CircuitBreaker& breaker, const Surroundings& surroundings,
                                     TimePoint now) const {
  SeenCircuit seen;
  const WallAnchor::Wall wall = registry_.anchor().to_wall(now);
  CircuitPresent& present = seen.present;
  present.circuit = breaker.name();
  present.breaker = breaker.snapshot(now);
  present.options = breaker.options();
  present.since = registry_.anchor().to_wall(present.breaker.since);
  if (const auto around = surroundings.find(breaker.name()); around != surroundings.end())
    present.around = around->second;
  std::vector<LoggedTransition> transitions = transitions_.of(breaker.name());
  std::ranges::reverse(transitions);
  keep_more(present.last, transitions);
  seen.span = {started_, wall};
  seen.history.circuit = breaker.name();
  seen.history.samples.push_back(sample_of(present, wall));
  seen.history.transitions = std::move(transitions);
  return seen;
}

std::optional<SeenCircuit> CircuitSource::see(const std::string& circuit, Duration since, TimePoint now,
                                              const Surroundings& around) const {
  const auto breaker = registry_.find(circuit);
  if (!breaker) return std::nullopt;
  SeenCircuit seen = in_memory(*breaker, around, now);
  seen.present.others = others_of(circuit, transitions_.last_openings());
  if (!program_.history) return seen;
  const figures::Span span{
      WallAnchor::Wall{saturating_sub(TimePoint{seen.span.to.time_since_epoch()}, TimePoint{since})},
      seen.span.to};
  if (auto kept = program_.history(circuit, span.from, span.to)) {
    seen.history = *std::move(kept);
    keep_more(seen.present.last, seen.history.transitions);  // those of earlier processes
    seen.span = span;
    seen.past = PastFrom::history;
  }
  return seen;
}

CircuitSource::Conditions CircuitSource::conditions(TimePoint now) const {
  const Surroundings around = surroundings();
  const auto openings = transitions_.last_openings();
  Conditions all;
  for (const auto& breaker : registry_.all()) {
    SeenCircuit seen = in_memory(*breaker, around, now);
    const State state = seen.present.breaker.state;
    if (state == State::open || state == State::half_open)
      seen.present.others = others_of(breaker->name(), openings);
    Diagnosis diagnosis = diagnose(seen.history, seen.span, std::move(seen.present), seen.past);
    auto recommendation = diagnosis.recommendation();
    all[breaker->name()] = {std::move(diagnosis.facts.figures), std::move(recommendation)};
  }
  return all;
}

}  // namespace switchgear::admin
