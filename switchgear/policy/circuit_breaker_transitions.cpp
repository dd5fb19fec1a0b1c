// The transitions of circuit_breaker.hpp's table, and their events. Everything named *_locked needs mutex_.
#include <algorithm>
#include <cmath>

#include "switchgear/core/quietly.hpp"
#include "switchgear/policy/circuit_breaker.hpp"

namespace switchgear {

namespace {

/// What puts a breaker that has been commanded otherwise back to where the last command before left it.
Command last_command(State state, bool metrics_only) noexcept {
  if (state == State::disabled) return Command::disable;
  return metrics_only ? Command::metrics_only : Command::reset;
}

}  // namespace

void CircuitBreaker::make_due_transitions(TimePoint now) noexcept {
  // An instant at the end of the clock's range never comes: `nothing_due`, and every instant beyond it.
  const Duration::rep at = std::min(ticks_of(now), nothing_due - 1);
  while (at >= due_.load(std::memory_order_acquire)) {  // one after the other, in the order of their instants
    std::optional<Transition> transition;
    std::optional<LevelChange> lowered;
    RampDecision made;
    Duration::rep due = 0;
    std::uint64_t generation = 0;
    {
      const std::scoped_lock lock(mutex_);
      due = due_.load(std::memory_order_relaxed);
      if (at < due) return;
      const BreakerWord word = this->word(std::memory_order_relaxed);
      const State state = word.state();
      if (state == State::closed && !word.has(BreakerWord::controlled)) {
        lowered = descend_locked(time_of(due));
      } else if (state == State::closed) {
        transition = end_step_locked(time_of(due), std::nullopt, made);
      } else if (state == State::half_open) {
        round_.give_up_oldest();
        look_again_locked();
        // It may be one tolerated failure among several; a failure never closes.
        if (round_.verdict() == RoundVerdict::relapsed) {
          const double waited = to_seconds(options_.half_open.max_wait);
          ++relapses_;
          transition =
              open_locked(time_of(due), {Rule::max_wait, waited, waited, evidence_.latest()}, std::nullopt);
        }
      } else {
        transition = half_open_locked(time_of(due));
      }
      generation = this->word(std::memory_order_relaxed).generation();
    }
    send_ramp(made, time_of(due));
    if (transition) send(*transition);
    if (lowered) send_level(*lowered, State::closed, generation);
  }
}

void CircuitBreaker::advance(TimePoint now) noexcept {
  if (due_.load(std::memory_order_acquire) == nothing_due) return;  // polling does not count as use
  settle(cells_.mine().clamp(now));
}

std::optional<TimePoint> CircuitBreaker::next_due() const noexcept {
  const Duration::rep due = due_.load(std::memory_order_acquire);
  return due == nothing_due ? std::nullopt : std::optional(time_of(due));
}

Duration CircuitBreaker::open_for_locked() noexcept {
  const Duration first = adaptation() ? adaptation()->open_duration()
                         : levels()   ? levels()->in_force().open_duration
                                      : options_.open_duration;
  // In doubles, so that a long row of relapses runs into the limit and not into an overflow.
  const double wanted = static_cast<double>(first.count()) * std::pow(options_.backoff, relapses_);
  double length = std::min(wanted, static_cast<double>(options_.max_open_duration.count()));
  if (options_.jitter > 0) length *= 1 + options_.jitter * (2 * random_.uniform() - 1);
  if (length >= static_cast<double>(Duration::max().count())) return Duration::max();
  return Duration{std::llround(length)};
}

Duration CircuitBreaker::longest_opening() const noexcept {
  const double most = static_cast<double>(options_.max_open_duration.count()) * (1 + options_.jitter);
  if (most >= static_cast<double>(Duration::max().count())) return Duration::max();
  return Duration{static_cast<Duration::rep>(std::ceil(most))};
}

Transition CircuitBreaker::open_locked(TimePoint at, const TrippedRule& why,
                                       const std::optional<Duration>& server_wait) noexcept {
  at = std::max(
      at, time_of(since_.load(std::memory_order_relaxed)));  // threads may read their clocks a little apart
  const std::optional<LevelChange> escalation = escalate_locked(at, why);
  TimePoint until = saturating_add(at, open_for_locked());
  if (options_.honor_retry_after && server_wait) {
    const Duration wait = std::min(*server_wait, options_.max_open_duration);
    until = std::max(until, saturating_add(at, wait));
  }
  until_.store(ticks_of(until), std::memory_order_release);
  ++opened_;
  opened_at_ = at;
  Transition transition = enter_locked(State::open, 0, Window::keep, at, why);
  transition.escalation = escalation;
  due_.store(options_.probe_automatically ? ticks_of(until) : nothing_due, std::memory_order_release);
  return transition;
}

Transition CircuitBreaker::half_open_locked(TimePoint at) noexcept {
  at = std::max(at, time_of(since_.load(std::memory_order_relaxed)));
  const double lasted = to_seconds(saturating_sub(at, opened_at_));
  const double planned =
      to_seconds(saturating_sub(time_of(until_.load(std::memory_order_relaxed)), opened_at_));
  return half_open_locked(at, {Rule::open_duration, lasted, planned, evidence_.latest()});
}

Transition CircuitBreaker::half_open_locked(TimePoint at, const TrippedRule& why) noexcept {
  at = std::max(at, time_of(since_.load(std::memory_order_relaxed)));
  ++half_opened_;
  round_.start();
  Transition transition = enter_locked(State::half_open, 0, Window::keep, at, why);
  look_again_locked();
  return transition;
}

Transition CircuitBreaker::close_locked(TimePoint at, double value) noexcept {
  at = std::max(at, time_of(since_.load(std::memory_order_relaxed)));
  ++closed_;
  relapses_ = 0;
  ramp_.start();
  Transition transition =
      enter_locked(State::closed, ramp_flags(), Window::empty, at,
                   {Rule::recovered, value, options_.half_open.max_failure_rate, evidence_.latest()});
  due_.store(nothing_due, std::memory_order_release);
  await_calm_locked(at);
  return transition;
}

// --- levels

std::optional<LevelChange> CircuitBreaker::escalate_locked(TimePoint at, const TrippedRule& why) noexcept {
  if (!levels()) return std::nullopt;
  if (why.rule == Rule::probe || why.rule == Rule::max_wait)
    return levels()->opened(round_.counts().recorded, round_.counts().failed, at);
  const std::uint64_t extra = why.window.extra_weight;
  return levels()->opened(why.window.calls + extra, why.window.failures + extra, at);
}

LevelChange CircuitBreaker::descend_locked(TimePoint at) noexcept {
  at = std::max(at, time_of(since_.load(std::memory_order_relaxed)));
  const LevelChange change = levels()->calmed(at);
  static_cast<void>(enter_locked(State::closed, 0, Window::empty, at, {}));
  due_.store(nothing_due, std::memory_order_release);
  await_calm_locked(at);
  return change;
}

void CircuitBreaker::await_calm_locked(TimePoint at) noexcept {
  const BreakerWord word = this->word(std::memory_order_relaxed);
  if (!word.has(BreakerWord::raised) || word.has(BreakerWord::controlled)) return;
  const TimePoint since = time_of(since_.load(std::memory_order_relaxed));
  // A breaker that still lets in a share of the calls has not shown that it can bear all of them.
  const Duration ramp = word.has(BreakerWord::ramping) ? options_.ramp->duration : Duration::zero();
  const TimePoint calm = saturating_add(since, std::max(levels()->calm(), ramp));
  due_.store(ticks_of(std::max(at, calm)), std::memory_order_release);
}

std::optional<LevelFigures> CircuitBreaker::level_figures_locked(BreakerWord word) const noexcept {
  if (!levels()) return std::nullopt;
  const bool on_its_way =
      word.state() == State::closed && word.has(BreakerWord::raised) && !word.has(BreakerWord::controlled);
  return levels()->figures(on_its_way ? next_due() : std::nullopt);
}

std::optional<Transition> CircuitBreaker::end_step_locked(TimePoint at,
                                                          const std::optional<Duration>& server_wait,
                                                          RampDecision& made) noexcept {
  due_.store(nothing_due, std::memory_order_release);
  made = controller()->decide(at);
  if (made.change == RampChange::over) {
    word_.fetch_and(~(BreakerWord::ramping | BreakerWord::controlled), std::memory_order_acq_rel);
    await_calm_locked(at);
  }
  if (!made.opens) return std::nullopt;
  const double rate = static_cast<double>(made.failed) / static_cast<double>(made.calls);
  relapses_ = 0;
  return open_locked(
      at, {Rule::ramp, rate, options_.ramp->controller->max_failure_rate, window_at_locked(at)}, server_wait);
}

Transition CircuitBreaker::enter_locked(State to, std::uint64_t flags, Window window, TimePoint at,
                                        TimePoint since, const TrippedRule& why) noexcept {
  const BreakerWord word = this->word(std::memory_order_relaxed);
  const State from = word.state();
  const std::uint64_t generation = word.generation() + 1;
  if (from == State::open) time_open_ += saturating_sub(at, opened_at_);
  const auto level = levels() ? std::optional(levels()->level()) : std::nullopt;
  const Transition transition{
      name_,     from,          to,         generation,     at,   anchor_.to_wall(at), why.rule,
      why.value, why.threshold, why.window, last_failure(), level};
  // Whatever belongs to the new state is written before the word that announces it.
  if (window == Window::empty) start_window_locked(generation, at);
  if ((flags & BreakerWord::controlled) != 0) controller()->start(at);
  since_.store(ticks_of(since), std::memory_order_release);
  const std::uint64_t level_bits = level ? BreakerWord::bits_of(*level) : 0;
  const BreakerWord entered{generation, to, (word.bits() & BreakerWord::lasting) | flags | level_bits};
  word_.store(entered.bits(), std::memory_order_seq_cst);
  return transition;
}

void CircuitBreaker::start_window_locked(std::uint64_t generation, TimePoint at) noexcept {
  evidence_.start(generation, at, levels() ? &levels()->in_force() : nullptr);
  if (controller()) controller()->stop();
  if (starts_) starts_->start();
}

void CircuitBreaker::on_check(CheckAnswer answer, const HealthRows& rows, TimePoint now) noexcept {
  now = cells_.mine().clamp(now);
  settle(now);
  std::optional<Transition> transition;
  {
    const std::scoped_lock lock(mutex_);
    const BreakerWord word = this->word(std::memory_order_relaxed);
    const std::uint32_t row = checks_.add(answer, word.generation());
    const auto why = [&](std::uint32_t needed) {
      return TrippedRule{Rule::health_check, static_cast<double>(row), static_cast<double>(needed),
                         window_at_locked(now)};
    };
    if (word.state() == State::closed && answer == CheckAnswer::bad && row >= rows.unhealthy) {
      relapses_ = 0;
      transition = open_locked(now, why(rows.unhealthy), std::nullopt);
    } else if (word.state() == State::open && answer == CheckAnswer::good && row >= rows.healthy) {
      transition = half_open_locked(now, why(rows.healthy));
    }
  }
  if (transition) send(*transition);
}

void CircuitBreaker::command(Command command, TimePoint now) noexcept {
  (void)obey(CommandOf::operator_here, command, now);
}

bool CircuitBreaker::obey(CommandOf whose, Command command, TimePoint now) noexcept {
  now = cells_.mine().clamp(now);
  settle(now);
  std::optional<Transition> transition;
  std::optional<LevelChange> moved;
  std::uint64_t generation = 0;
  State state = State::closed;
  {
    const std::scoped_lock lock(mutex_);
    const TimePoint at = std::max(now, time_of(since_.load(std::memory_order_relaxed)));
    const BreakerWord before = word(std::memory_order_relaxed);
    const bool forces = whose == CommandOf::fleet && command == Command::force_open;
    if (forces && before.state() == State::forced_open) return false;
    if (whose == CommandOf::fleet && !forces) {
      if (!forced_by_fleet_locked(before)) return false;
      command = advised_->goes_back_to;
    }
    State to = State::closed;
    if (command == Command::force_open) to = State::forced_open;
    if (command == Command::disable) to = State::disabled;
    const std::uint64_t mode = command == Command::metrics_only ? BreakerWord::metrics_only : 0;
    const Window window = command == Command::disable ? Window::keep : Window::empty;
    relapses_ = 0;
    word_.fetch_and(~BreakerWord::metrics_only, std::memory_order_relaxed);  // the last command wins
    due_.store(nothing_due, std::memory_order_release);
    // Held open, callers go on to be answered as at the level where it happened.
    if (levels() && command != Command::force_open)
      moved = levels()->move_to(BreakerLevel::warning, LevelCause::operator_command, at);
    transition = enter_locked(to, mode, window, at, {Rule::operator_command, 0, 0, window_at_locked(at)});
    generation = transition->generation;
    state = to;
    if (forces) {
      advised_->forced = generation;
      advised_->goes_back_to = last_command(before.state(), before.has(BreakerWord::metrics_only));
    }
    if (transition->from == to) transition.reset();
    if (transition && to == State::closed) ++closed_;
  }
  if (transition) send(*transition);
  if (moved) send_level(*moved, state, generation);
  if (adaptation()) send_adapted(adaptation()->forget(), now);
  return true;
}

SavedBreaker CircuitBreaker::save(const WallAnchor& clocks) const {
  SavedBreaker saved;
  saved.name = name_;
  const std::scoped_lock lock(mutex_);
  const BreakerWord word = this->word(std::memory_order_relaxed);
  const bool forced = forced_by_fleet_locked(word);
  saved.state = word.state();
  saved.metrics_only = word.has(BreakerWord::metrics_only);
  if (forced) {  // it is in force only as long as the fleet says so
    saved.state = advised_->goes_back_to == Command::disable ? State::disabled : State::closed;
    saved.metrics_only = advised_->goes_back_to == Command::metrics_only;
  }
  if (advised_ && saved.state == State::half_open && advised_->probing == word.generation())
    saved.state = State::closed;
  saved.ramping = ramps_at(word, clocks.monotonic);
  saved.since = clocks.to_wall(time_of(since_.load(std::memory_order_relaxed)));
  if (saved.state == State::open) {
    saved.until = clocks.to_wall(time_of(until_.load(std::memory_order_relaxed)));
  }
  saved.relapses = relapses_;
  if (levels() && levels()->raised() && !forced) saved.level = levels()->level();
  return saved;
}

void CircuitBreaker::restore(const SavedBreaker& saved, const WallAnchor& clocks) noexcept {
  const TimePoint now = cells_.mine().clamp(clocks.monotonic);
  settle(now);
  std::optional<Transition> transition;
  std::optional<LevelChange> moved;
  std::uint64_t generation = 0;
  State state = State::closed;
  {
    const std::scoped_lock lock(mutex_);
    const TimePoint at = std::max(now, time_of(since_.load(std::memory_order_relaxed)));
    const TimePoint since = std::min(clocks.from_wall(saved.since), at);
    if (forced_by_fleet_locked(word(std::memory_order_relaxed)) && saved.state != State::forced_open) {
      advised_->goes_back_to = last_command(saved.state, saved.metrics_only);
      return;
    }
    // The probes of a half-open period are lost with their process.
    const State to = saved.state == State::half_open ? State::open : saved.state;
    const bool ramps = to == State::closed && saved.ramping && options_.ramp;
    const std::uint64_t flags =
        (saved.metrics_only ? BreakerWord::metrics_only : 0) | (ramps ? ramp_flags() : 0);
    TrippedRule why{Rule::restored, 0, 0, window_at_locked(at)};
    word_.fetch_and(~BreakerWord::metrics_only, std::memory_order_relaxed);
    due_.store(nothing_due, std::memory_order_release);
    relapses_ = to == State::open ? saved.relapses : 0;
    ramp_.start();
    if (to == State::open) {
      const Duration length = saved.until ? WallAnchor::between(saved.since, *saved.until) : Duration::zero();
      const TimePoint until = saturating_add(since, std::clamp(length, Duration::zero(), longest_opening()));
      why.value = std::max(to_seconds(saturating_sub(until, at)), 0.0);
      why.threshold = to_seconds(saturating_sub(until, since));
      until_.store(ticks_of(until), std::memory_order_release);
    }
    if (levels())
      moved = levels()->move_to(saved.level.value_or(BreakerLevel::warning), LevelCause::restored, at);
    transition = enter_locked(to, flags, Window::empty, at, since, why);
    generation = transition->generation;
    state = to;
    if (to == State::closed) await_calm_locked(at);
    if (to == State::open) {
      opened_at_ = since;
      time_open_ -= saturating_sub(at, since);  // what it was open for before is not this breaker's time
      if (options_.probe_automatically)
        due_.store(until_.load(std::memory_order_relaxed), std::memory_order_release);
    }
    if (transition->from == to) {
      transition.reset();
    } else {
      if (to == State::open) ++opened_;
      if (to == State::closed) ++closed_;
    }
  }
  if (transition) send(*transition);
  if (moved) send_level(*moved, state, generation);
  if (adaptation()) send_adapted(adaptation()->forget(), now);
}

void CircuitBreaker::tell_calls(CallEvents events) noexcept {
  const std::scoped_lock lock(mutex_);  // or a transition going on would put back the flags it has read
  if (events == CallEvents::on && sink_ != nullptr) {
    word_.fetch_or(BreakerWord::told, std::memory_order_relaxed);
  } else {
    word_.fetch_and(~BreakerWord::told, std::memory_order_relaxed);
  }
}

void CircuitBreaker::send(const Transition& transition) noexcept {
  if (sink_ == nullptr) return;
  detail::quietly([&] { sink_->on_transition(transition); });
  if (transition.escalation) send_level(*transition.escalation, transition.to, transition.generation);
}

void CircuitBreaker::send_level(const LevelChange& change, State state, std::uint64_t generation) noexcept {
  if (sink_ == nullptr) return;
  detail::quietly([&] {
    sink_->on_level({{name_, PolicyKind::circuit_breaker, change.at}, state, generation, change});
  });
}

void CircuitBreaker::send_adapted(const std::optional<AdaptedFigures>& changed, TimePoint now) noexcept {
  if (!changed || sink_ == nullptr) return;
  detail::quietly([&] {
    sink_->on_adapted({{name_, PolicyKind::circuit_breaker, now},
                       changed->consecutive_failures,
                       changed->open_duration,
                       changed->samples,
                       changed->failure_rate,
                       changed->mean_latency});
  });
}

void CircuitBreaker::send_ramp(const RampDecision& made, TimePoint at) noexcept {
  if (!made.change || sink_ == nullptr) return;
  detail::quietly([&] {
    sink_->on_ramp({{name_, PolicyKind::circuit_breaker, at},
                    *made.change,
                    made.share,
                    made.safe_share,
                    made.hold,
                    made.calls,
                    made.failed});
  });
}

void CircuitBreaker::send_rejection(State state, Reason reason, std::optional<Duration> retry_after,
                                    TimePoint now, std::optional<BreakerLevel> level) noexcept {
  detail::quietly([&] {
    sink_->on_rejection(RejectionEvent{name_, state, now, Rejection{reason, name_, retry_after, level}});
  });
}

void CircuitBreaker::send_call(const Outcome& outcome, Duration latency, TimePoint now) noexcept {
  detail::quietly([&] {
    sink_->on_call(CallEvent{name_, outcome.verdict, outcome.type, latency, is_slow(word(), latency), now});
  });
}

}  // namespace switchgear
