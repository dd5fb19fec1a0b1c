// What a fleet of processes may do to one breaker: advise it, let it probe, and force it open.
#include "switchgear/policy/circuit_breaker.hpp"

namespace switchgear {

void CircuitBreaker::advise(const FleetAdvice& advice) {
  const std::scoped_lock lock(mutex_);  // or a transition going on would put back the flags it has read
  if (!advised_) advised_ = std::make_unique<Advised>();
  advised_->refuse_until.store(ticks_of(advice.refuse_until), std::memory_order_relaxed);
  advised_->hold_until.store(ticks_of(advice.hold_until), std::memory_order_relaxed);
  // The flag comes after the instants: a caller that sees it looks at this advice, or at a later one.
  if (advice == FleetAdvice{}) {
    word_.fetch_and(~BreakerWord::advised, std::memory_order_release);
  } else {
    word_.fetch_or(BreakerWord::advised, std::memory_order_release);
  }
}

bool CircuitBreaker::probe_for_fleet(Probing which, TimePoint now) noexcept {
  now = cells_.mine().clamp(now);
  settle(now);
  std::optional<Transition> transition;
  {
    const std::scoped_lock lock(mutex_);
    word_.fetch_and(~BreakerWord::advised, std::memory_order_release);
    const BreakerWord word = this->word(std::memory_order_relaxed);
    const bool probes =
        word.state() == State::open || (word.state() == State::closed && which == Probing::also_closed);
    if (!probes || word.has(BreakerWord::metrics_only)) return false;
    transition = half_open_locked(now, {Rule::fleet, 0, 0, window_at_locked(now)});
    if (advised_ && transition->from == State::closed) advised_->probing = transition->generation;
  }
  send(*transition);
  return true;
}

bool CircuitBreaker::force_for_fleet(TimePoint now) {
  {
    const std::scoped_lock lock(mutex_);
    if (!advised_) advised_ = std::make_unique<Advised>();
  }
  return obey(CommandOf::fleet, Command::force_open, now);
}

void CircuitBreaker::release_for_fleet(TimePoint now) noexcept {
  (void)obey(CommandOf::fleet, Command::reset, now);
}

std::optional<Duration> CircuitBreaker::advised_wait(BreakerWord word, TimePoint now) const noexcept {
  if (!word.has(BreakerWord::advised)) return std::nullopt;
  if (word.state() != State::closed && word.state() != State::open && word.state() != State::half_open)
    return std::nullopt;
  const auto& until = word.state() == State::closed ? advised_->refuse_until : advised_->hold_until;
  const Duration wait = saturating_sub(time_of(until.load(std::memory_order_acquire)), now);
  if (wait <= Duration::zero()) return std::nullopt;
  return wait;
}

}  // namespace switchgear
