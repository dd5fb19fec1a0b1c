#include "app/lab/guards.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace switchgear::lab {

namespace {

/// As the gateway's ValueTicker.
constexpr Duration tick = std::chrono::milliseconds{100};
constexpr std::size_t looks_a_tick = 250;
constexpr std::int64_t most_ticks = 1'000'000;

BreakerContext context(EventSink& sink, std::uint64_t seed) {
  BreakerContext context;
  context.sink = &sink;
  context.seed = seed;
  return context;
}

}  // namespace

Outcome cut_off(Outcome outcome, Duration deadline, std::optional<Duration> limit) noexcept {
  if (outcome.latency < deadline) return outcome;
  const bool hurried = limit && deadline < *limit;
  return hurried || outcome.verdict == Verdict::ignored
             ? Outcome{Verdict::ignored, outcome.type, deadline, {}}
             : Outcome::failure(FailureType::timeout, deadline);
}

void IdleClock::pass_to(TimePoint now, BreakersByValue& values) noexcept {
  const std::int64_t ticks = std::min(saturating_sub(now, ticked_) / tick, most_ticks);
  if (ticks < 1) return;
  ticked_ = now;
  values.retire_idle(now, static_cast<std::size_t>(ticks) * looks_a_tick);
}

Guards::Guards(const GuardOptions& options, std::uint64_t seed, EventSink& around, EventSink& of_values) {
  if (options.around) around_.emplace(options.name, *options.around, context(around, seed));
  if (options.values) {
    const GuardOptions::Values& values = *options.values;
    values_.emplace(values.header, values.breaker, values.limits, context(of_values, seed));
  }
}

std::optional<Guards::Permit> Guards::ask(std::string_view value, TimePoint now,
                                          std::optional<Refusal>& refusal) {
  std::optional<Permit> permit{std::in_place};
  permit->start_ = now;
  if (around_) {
    auto outer = around_->try_acquire(now);
    if (!outer) {
      refusal = Refusal{outer.rejection(), false};
      return std::nullopt;
    }
    permit->around_.emplace(*std::move(outer));
  }
  if (values_ && !value.empty()) {
    auto inner = values_->try_acquire(value, now);
    if (!inner) {
      if (permit->around_) std::move(*permit->around_).record(Outcome::ignored(), now);
      refusal = Refusal{inner.rejection(), true};
      return std::nullopt;
    }
    permit->of_value_.emplace(*std::move(inner));
  }
  return permit;
}

void Guards::command(std::string_view value, Command command, TimePoint now) {
  if (values_ && !value.empty()) {
    values_->command(value, command, now);
  } else if (around_) {
    around_->command(command, now);
  }
}

void Guards::check(CheckAnswer answer, const HealthRows& rows, TimePoint now) {
  if (around_) around_->on_check(answer, rows, now);
}

void Guards::advance(TimePoint now) {
  if (around_) around_->advance(now);
}

void Guards::pass_time(TimePoint now) {
  if (values_) idle_.pass_to(now, *values_);
}

void Guards::retire_idle(TimePoint now) {
  if (values_) values_->retire_idle(now);
}

std::optional<State> Guards::state_of(std::string_view value, TimePoint now) const {
  if (!values_ || value.empty()) return std::nullopt;
  const auto seen = values_->find(value, now);
  return seen ? std::optional{seen->state} : std::nullopt;
}

}  // namespace switchgear::lab
