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

Guards::Guards(const GuardOptions& options, std::uint64_t seed, const GuardSinks& sinks) {
  if (options.around) around_.emplace(options.name, *options.around, context(sinks.around, seed));
  for (const auto& [policy, route] : options.routes.value_or(GuardOptions::Routes{})) {
    if (!route.breaker) continue;
    routes_.try_emplace(policy, options.name + "/" + policy, *route.breaker,
                        context(sinks.of_route(policy), seed));
  }
  if (options.values) {
    const GuardOptions::Values& values = *options.values;
    values_.emplace(values.header, values.breaker, values.limits, context(sinks.of_values, seed));
  }
}

CircuitBreaker* Guards::of_route(std::string_view policy) {
  if (policy.empty()) return nullptr;
  const auto found = routes_.find(policy);
  return found == routes_.end() ? nullptr : &found->second;
}

std::optional<Guards::Permit> Guards::ask(const CallPath& path, TimePoint now,
                                          std::optional<Refusal>& refusal) {
  std::optional<Permit> permit{std::in_place};
  permit->start_ = now;
  if (around_) {
    auto outer = around_->try_acquire(now);
    if (!outer) {
      refusal = Refusal{outer.rejection(), By::service};
      return std::nullopt;
    }
    permit->around_.emplace(*std::move(outer));
  }
  const auto refuse = [&](const Rejection& rejection, By by) {
    std::move(*permit).record(Outcome::ignored(), now);  // the outer ones get theirs back
    refusal = Refusal{rejection, by};
  };
  if (CircuitBreaker* const own = of_route(path.route_policy)) {
    auto middle = own->try_acquire(now);
    if (!middle) {
      refuse(middle.rejection(), By::route);
      return std::nullopt;
    }
    permit->of_route_.emplace(*std::move(middle));
  }
  if (values_ && !path.value.empty()) {
    auto inner = values_->try_acquire(path.value, now);
    if (!inner) {
      refuse(inner.rejection(), By::value);
      return std::nullopt;
    }
    permit->of_value_.emplace(*std::move(inner));
  }
  return permit;
}

void Guards::command(const CallPath& path, Command command, TimePoint now) {
  if (values_ && !path.value.empty()) {
    values_->command(path.value, command, now);
  } else if (!path.route_policy.empty()) {
    if (CircuitBreaker* const own = of_route(path.route_policy)) own->command(command, now);
  } else if (around_) {
    around_->command(command, now);
  }
}

void Guards::check(CheckAnswer answer, const HealthRows& rows, TimePoint now) {
  if (around_) around_->on_check(answer, rows, now);
}

void Guards::advance(TimePoint now) {
  if (around_) around_->advance(now);
  for (auto& [policy, breaker] : routes_) breaker.advance(now);
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
