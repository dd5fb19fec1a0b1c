#include "tests/model/values_model.hpp"

#include <algorithm>

namespace switchgear::model {

ModelPath path_of(const ValuesCase& given, std::size_t step) {
  return {given.routes.empty() ? "" : given.routes[step], given.values[step]};
}

ValuesModel::ValuesModel(const ValuesCase& given) : of_value_(given.of_value), idle_(given.idle) {
  if (given.has_around) around_.emplace(given.calls.options, given.calls.jitter_seed);
  for (const auto& [policy, options] : given.of_routes)
    routes_.emplace(policy, BreakerModel(options, given.calls.jitter_seed));
}

BreakerModel* ValuesModel::of_route(const ModelPath& path) {
  const auto found = routes_.find(path.route);
  return found == routes_.end() ? nullptr : &found->second;
}

ValueDecision ValuesModel::acquire(BreakerModel::Ticket ticket, const ModelPath& path, TimePoint now) {
  if (around_) {
    const Decision decision = around_->acquire(ticket, now);
    if (!decision.admitted) return {decision};
  }
  BreakerModel* const of_route = this->of_route(path);
  if (of_route != nullptr) {
    const Decision decision = of_route->acquire(ticket, now);
    if (!decision.admitted) {
      if (around_) around_->abandon(ticket, now);
      return {decision, "route"};
    }
  }
  if (path.value.empty()) {
    calls_.emplace(ticket, path);
    return {{true, std::nullopt, std::nullopt}};
  }
  if (find(path.value, now) == nullptr) {
    values_.emplace(path.value, One{BreakerModel(of_value_, 0)});
    ++totals_.made;
  }
  One& one = values_.at(path.value);
  const Decision decision = one.breaker.acquire(ticket, now);
  if (!decision.admitted) {
    if (of_route != nullptr) of_route->abandon(ticket, now);
    if (around_) around_->abandon(ticket, now);
    ++totals_.rejected;
    return {decision, "value"};
  }
  ++totals_.calls;
  ++one.out;
  calls_.emplace(ticket, path);
  return {decision};
}

std::optional<ModelPath> ValuesModel::record(BreakerModel::Ticket ticket, const Outcome& outcome,
                                             TimePoint now) {
  const auto found = calls_.find(ticket);
  if (found == calls_.end()) return std::nullopt;
  const ModelPath path = found->second;
  calls_.erase(found);
  if (!path.value.empty()) {
    One& one = values_.at(path.value);
    one.breaker.record(ticket, outcome, now);
    --one.out;
    ++(outcome.verdict == Verdict::success   ? totals_.successes
       : outcome.verdict == Verdict::failure ? totals_.failures
                                             : totals_.ignored);
  }
  if (BreakerModel* const breaker = of_route(path)) breaker->record(ticket, outcome, now);
  if (around_) around_->record(ticket, outcome, now);
  return path;
}

void ValuesModel::command(const ModelPath& path, Order order, TimePoint now) {
  if (!path.value.empty()) {
    if (BreakerModel* const breaker = find(path.value, now)) breaker->command(order, now);
  } else if (!path.route.empty()) {
    if (BreakerModel* const breaker = of_route(path)) breaker->command(order, now);
  } else if (around_) {
    around_->command(order, now);
  }
}

void ValuesModel::check(CheckAnswer answer, const HealthRows& rows, TimePoint now) {
  if (around_) around_->check(answer, rows, now);
}

void ValuesModel::advance(TimePoint now) {
  if (around_) around_->advance(now);
  for (auto& [policy, breaker] : routes_) breaker.advance(now);
}

BreakerModel* ValuesModel::find(const std::string& value, TimePoint now) {
  const auto found = values_.find(value);
  if (found == values_.end()) return nullptr;
  if (!is_over(found->second, now)) return &found->second.breaker;
  values_.erase(found);
  return nullptr;
}

std::size_t ValuesModel::retire(TimePoint now) {
  std::erase_if(values_, [&](const auto& each) { return is_over(each.second, now); });
  return values_.size();
}

std::size_t ValuesModel::open() const {
  return static_cast<std::size_t>(std::count_if(values_.begin(), values_.end(), [](const auto& each) {
    return each.second.breaker.state() != State::closed;
  }));
}

/// Not used for `idle` (a call that began while it was disabled is no use of it when it ends), without a call
/// in flight, and by then closed without a reason to remember it, half-open, or open and due to probe.
bool ValuesModel::is_over(const One& one, TimePoint now) const {
  const TimePoint idle_from = now - idle_;
  if (one.out > 0 || one.breaker.latest() > idle_from) return false;
  if (one.breaker.metrics_only()) return false;
  BreakerModel then = one.breaker;
  then.advance(idle_from);
  switch (then.state()) {
    case State::closed: {
      const BreakerLevel level = then.level().value_or(BreakerLevel::warning);
      if (!then.ramp()) return !then.ramps(now) && level == BreakerLevel::warning;
      // Only calls end a controlled ramp: one that none has used for its duration counts as over.
      TimePoint over = one.breaker.latest() + of_value_.ramp->duration;
      for (const BreakerLevel each : {BreakerLevel::critical, BreakerLevel::emergency}) {
        if (each <= level) over += calm_of(of_value_, each);
      }
      return over <= idle_from;
    }
    case State::open:
      return then.open_until() <= idle_from;
    case State::half_open:
      return true;
    case State::forced_open:
    case State::disabled:
      break;
  }
  return false;
}

}  // namespace switchgear::model
