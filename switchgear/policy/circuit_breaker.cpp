#include "switchgear/policy/circuit_breaker.hpp"

#include <algorithm>
#include <thread>

#include "switchgear/policy/option_checker.hpp"
#include "switchgear/policy/trip_rules.hpp"

namespace switchgear {

namespace {

/// How many threads get a cell of their own. Threads that share a count window meet at its cursor anyway, and
/// a small breaker is worth more to them than a cell each.
std::uint32_t owned_cells(const CircuitBreakerOptions& options) noexcept {
  constexpr std::uint32_t few = 3;
  const bool striped = options.needs_window() && std::holds_alternative<TimeWindowOptions>(options.window);
  return striped ? std::clamp(std::thread::hardware_concurrency() + 2, few, max_thread_slots) : few;
}

/// Of CallCell::last_failure.
constexpr std::uint64_t last_failure_type_mask = 7;
static_assert(failure_types.size() < last_failure_type_mask);

/// Of the level at which it begins.
Duration slow_above(const CircuitBreakerOptions& options) noexcept {
  const auto& own = options.levels ? (*options.levels)[BreakerLevel::warning].slow_call : options.slow_call;
  const auto& rule = own ? own : options.slow_call;
  return rule ? rule->threshold : Duration::max();
}
Duration high_from(const CircuitBreakerOptions& options) noexcept {
  const auto& own = options.levels ? (*options.levels)[BreakerLevel::warning].latency : options.latency;
  const auto& rule = own ? own : options.latency;
  return rule ? rule->above : Duration::max();
}

/// The options, before anything is built from them.
CircuitBreakerOptions checked(const std::string& name, CircuitBreakerOptions options) {
  require_valid("breaker", name, validate(options));
  return options;
}

}  // namespace

std::unique_ptr<CircuitBreaker::Higher> CircuitBreaker::higher_parts(const CircuitBreakerOptions& options,
                                                                     TimePoint created) {
  const bool controlled = options.ramp && options.ramp->controller;
  if (!options.adaptive && !controlled && !options.levels) return nullptr;
  auto parts = std::make_unique<Higher>();
  if (options.adaptive) parts->adaptation = std::make_unique<Adaptation>(options);
  if (controlled) parts->controller = std::make_unique<RampController>(*options.ramp);
  if (options.levels) parts->levels = std::make_unique<BreakerLevels>(options, created);
  return parts;
}

CircuitBreaker::CircuitBreaker(std::string name, const CircuitBreakerOptions& options,
                               const BreakerContext& context)
    : word_(0),
      due_(nothing_due),
      until_(nothing_due),
      slow_above_(slow_above(options)),
      high_from_(high_from(options)),
      sink_(context.sink),
      cells_(owned_cells(options)),
      name_(std::move(name)),
      options_(checked(name_, options)),
      higher_(higher_parts(options_, context.created)),
      evidence_(options_at(BreakerLevel::warning), cells_, adaptation(), levels()),
      starts_(options.stuck_calls
                  ? std::make_unique<CallStarts>(options.stuck_calls->older_than, options.stuck_calls->count)
                  : nullptr),
      since_(ticks_of(context.created)),
      random_(context.seed),
      round_(options_.half_open),
      anchor_(context.anchor) {
  constexpr std::uint64_t first_generation = 1;
  start_window_locked(first_generation, context.created);
  const std::uint64_t flags =
      (starts_ ? BreakerWord::tracked : 0) | (adaptation() ? BreakerWord::adaptive : 0) |
      (context.call_events == CallEvents::on && sink_ != nullptr ? BreakerWord::told : 0) |
      (levels() ? BreakerWord::bits_of(levels()->level()) : 0);
  word_.store(BreakerWord{first_generation, State::closed, flags}.bits(), std::memory_order_release);
}

CircuitBreaker::~CircuitBreaker() = default;

// --- acquire

Result<CircuitBreaker::Permit> CircuitBreaker::try_acquire_slow(CallCell& cell, TimePoint now) noexcept {
  now = std::min(now, time_of(nothing_due - 1));  // see settle()
  for (;;) {                                      // again when the state changed under our feet
    settle(now);
    const BreakerWord word = this->word();
    switch (word.state()) {
      case State::closed:
        if (auto result = try_admit_closed(cell, word, now)) return std::move(*result);
        break;
      case State::open: {
        const TimePoint until = time_of(until_.load(std::memory_order_acquire));
        if (this->word(std::memory_order_relaxed) != word) break;  // `until` may be another opening's
        if (now < until) return refuse(cell, word, Reason::open, until - now, now);
        if (const auto wait = advised_wait(word, now))
          return refuse(cell, word, Reason::fleet_open, wait, now);
        if (auto result = try_probe(cell, now)) return std::move(*result);
        break;
      }
      case State::half_open:
        if (const auto wait = advised_wait(word, now))
          return refuse(cell, word, Reason::fleet_open, wait, now);
        if (auto result = try_probe(cell, now)) return std::move(*result);
        break;
      case State::forced_open:
        return refuse(cell, word, Reason::forced_open, std::nullopt, now);
      case State::disabled:
        return Permit{nullptr, BreakerEra{0}, now, CallStarts::untracked};
    }
  }
}

std::optional<Result<CircuitBreaker::Permit>> CircuitBreaker::try_admit_closed(CallCell& cell,
                                                                               BreakerWord word,
                                                                               TimePoint now) noexcept {
  if (const auto wait = advised_wait(word, now)) return refuse(cell, word, Reason::fleet_open, wait, now);
  if (starts_) {
    if (const auto tripped = stuck_rule(word.era(), now)) {
      trip(word.era(), *tripped, std::nullopt, now);
      return std::nullopt;
    }
  }
  if (word.has(BreakerWord::controlled)) {
    if (!ramp_.admits(controller()->share()))
      return refuse(cell, word, Reason::ramping, controller()->wait(now), now);
  } else if (word.has(BreakerWord::ramping)) {
    const TimePoint began = time_of(since_.load(std::memory_order_acquire));
    if (this->word(std::memory_order_relaxed) != word) return std::nullopt;
    const Duration ramped = std::max(saturating_sub(now, began), Duration::zero());
    const RampOptions& ramp = *options_.ramp;
    if (ramped >= ramp.duration) {
      std::uint64_t ended = word.bits();
      word_.compare_exchange_strong(ended, ended & ~BreakerWord::ramping, std::memory_order_acq_rel);
      return std::nullopt;
    }
    if (!ramp_.admits(ramp, ramped)) return refuse(cell, word, Reason::ramping, ramp.duration - ramped, now);
  }
  const std::uint32_t slot =
      word.has(BreakerWord::tracked) ? starts_->enter(word.generation(), now) : CallStarts::untracked;
  cell.add(cell.calls);
  return Permit{this, word.era(), now, slot};
}

std::optional<Result<CircuitBreaker::Permit>> CircuitBreaker::try_probe(CallCell& cell,
                                                                        TimePoint now) noexcept {
  std::optional<Transition> transition;
  std::optional<Result<Permit>> result;
  {
    std::unique_lock lock(mutex_);
    BreakerWord word = this->word(std::memory_order_relaxed);
    if (word.state() == State::open && ticks_of(now) >= until_.load(std::memory_order_relaxed)) {
      transition = half_open_locked(now);
      word = this->word(std::memory_order_relaxed);
    }
    if (word.state() != State::half_open || ticks_of(now) >= due_.load(std::memory_order_relaxed)) {
      return std::nullopt;
    }
    if (const auto blocked_for = round_.blocked(now)) {
      lock.unlock();
      return refuse(cell, word, Reason::half_open, blocked_for, now);
    }
    const ProbeRound::Number probe = round_.admit(now);
    look_again_locked();
    cell.add(cell.calls);
    result.emplace(Permit{this, word.era(), now, probe});
  }
  if (transition) send(*transition);
  return result;
}

Result<CircuitBreaker::Permit> CircuitBreaker::refuse(CallCell& cell, BreakerWord word, Reason reason,
                                                      std::optional<Duration> retry_after,
                                                      TimePoint now) noexcept {
  if (word.has(BreakerWord::metrics_only)) {
    cell.add(cell.would_reject);
    return Permit{nullptr, BreakerEra{0}, now, CallStarts::untracked};
  }
  if (reason == Reason::fleet_open) {
    advised_->refused.fetch_add(1, std::memory_order_relaxed);
  } else {
    cell.add(cell.rejected[static_cast<std::size_t>(reason)]);
  }
  if (sink_ != nullptr) send_rejection(word.state(), reason, retry_after, now, word.level());
  return {reason, name_, retry_after, word.level()};
}

// --- a caller that keeps its call waiting

CircuitBreaker::Permit CircuitBreaker::rejoin(TimePoint now) noexcept {
  CallCell& cell = cells_.mine();
  now = cell.clamp(now);
  settle(now);
  const std::scoped_lock lock(mutex_);
  const BreakerWord word = this->word(std::memory_order_relaxed);
  std::uint32_t slot = CallStarts::untracked;
  if (word.state() == State::half_open && !round_.blocked(now)) {
    slot = round_.admit(now);
    look_again_locked();
  } else if (word.state() != State::closed) {
    return Permit{nullptr, BreakerEra{0}, now, CallStarts::untracked};
  }
  cell.add(cell.calls);
  return Permit{this, word.era(), now, slot};
}

void CircuitBreaker::Permit::set_aside(TimePoint now) noexcept {
  if (breaker_ == nullptr) return;
  if (BreakerEra{era_}.is_probe()) {
    std::move(*this).record(Outcome::ignored(), now);
    slot_ = place_given_back;
    return;
  }
  if (slot_ != CallStarts::untracked) breaker_->starts_->leave(std::exchange(slot_, CallStarts::untracked));
}

void CircuitBreaker::Permit::set_aside(const Outcome& so_far, TimePoint now) noexcept {
  if (breaker_ == nullptr) return;
  BreakerEra{era_}.is_probe() ? std::move(*this).record(so_far, now) : set_aside(now);
}

void CircuitBreaker::Permit::take_up(TimePoint now) noexcept {
  if (breaker_ == nullptr || !breaker_->starts_ || slot_ != CallStarts::untracked) return;
  if (!BreakerEra{era_}.is_probe()) slot_ = breaker_->starts_->enter(BreakerEra{era_}.generation(), now);
}

// --- record

void CircuitBreaker::drop(BreakerEra era, std::uint32_t slot) noexcept {
  CallCell& cell = cells_.mine();
  // There is no `now`: use the latest time that this thread has passed in.
  record_slow(cell, era, slot, Outcome::ignored(), cell.clamp(TimePoint::min()));
}

void CircuitBreaker::record_slow(CallCell& cell, BreakerEra era, std::uint32_t slot, const Outcome& outcome,
                                 TimePoint now) noexcept {
  settle(now);
  if (!era.is_probe() && slot != CallStarts::untracked) starts_->leave(slot);
  const Duration latency = std::max(outcome.latency, Duration::zero());
  book(cell, era, slot, outcome, latency, now);
  if (word(std::memory_order_relaxed).has(BreakerWord::told)) send_call(outcome, latency, now);
}

inline void CircuitBreaker::book(CallCell& cell, BreakerEra era, std::uint32_t slot, const Outcome& outcome,
                                 Duration latency, TimePoint now) noexcept {
  const BreakerWord word = this->word();
  const bool slow = is_slow(word, latency);
  const bool current = word.era() == era;
  switch (outcome.verdict) {
    case Verdict::success:
      cell.add(slow ? cell.slow_successes : cell.plain_successes);
      break;
    case Verdict::failure:
      cell.add((slow ? cell.slow_failures : cell.plain_failures)[static_cast<std::size_t>(outcome.type)]);
      cell.last_failure.store((static_cast<std::uint64_t>(ticks_of(now)) & ~last_failure_type_mask) |
                                  (static_cast<std::uint64_t>(outcome.type) + 1),
                              std::memory_order_relaxed);
      break;
    case Verdict::ignored:
      cell.add(cell.ignored);
      break;
  }
  const bool booked = current && (era.is_probe() ? try_record_probe(era, slot, outcome, slow, now)
                                                 : outcome.verdict != Verdict::ignored &&
                                                       book_closed(cell, era, outcome, latency, now));
  if (outcome.verdict == Verdict::ignored) return;
  if (!booked) return record_late(cell, outcome, now);
  if (adaptation()) take_sample(outcome, latency, now);
}

void CircuitBreaker::take_sample(const Outcome& outcome, Duration latency, TimePoint now) noexcept {
  send_adapted(adaptation()->add(outcome.verdict == Verdict::failure, latency), now);
}

void CircuitBreaker::record_late(CallCell& cell, const Outcome& outcome, TimePoint now) noexcept {
  cell.add(cell.late);
  if (!options_.honor_retry_after || !outcome.retry_after || outcome.verdict != Verdict::failure) return;
  // A late failure may only do this: apply the wait that the server has just asked for to the current
  // opening.
  const std::scoped_lock lock(mutex_);
  if (word(std::memory_order_relaxed).state() != State::open) return;
  const TimePoint longest = saturating_add(opened_at_, options_.max_open_duration);
  const TimePoint wanted = std::min(saturating_add(now, *outcome.retry_after), longest);
  if (ticks_of(wanted) <= until_.load(std::memory_order_relaxed)) return;
  until_.store(ticks_of(wanted), std::memory_order_release);
  if (options_.probe_automatically) due_.store(ticks_of(wanted), std::memory_order_release);
}

inline bool CircuitBreaker::book_closed(CallCell& cell, BreakerEra era, const Outcome& outcome,
                                        Duration latency, TimePoint now) noexcept {
  const bool failed = outcome.verdict == Verdict::failure;
  const auto extra = static_cast<std::uint8_t>(failed ? options_.weights[outcome.type] - 1 : 0);
  const BreakerWord word = this->word(std::memory_order_relaxed);
  const CallMarks marks{failed, is_slow(word, latency), is_high(word, latency), extra, latency};
  if (word.has(BreakerWord::controlled)) [[unlikely]] {
    const auto booked = try_book_in_step(era, marks, failed ? outcome.retry_after : std::nullopt, now);
    if (booked) return *booked;
  }
  std::optional<TrippedRule> tripped;
  if (!evidence_.add(cell, era.generation(), marks, now, tripped)) return false;
  if (!tripped && starts_) tripped = stuck_rule(era, now);
  if (tripped) trip(era, *tripped, failed ? outcome.retry_after : std::nullopt, now);
  return true;
}

std::optional<bool> CircuitBreaker::try_book_in_step(BreakerEra era, const CallMarks& marks,
                                                     const std::optional<Duration>& server_wait,
                                                     TimePoint now) noexcept {
  std::optional<Transition> transition;
  RampDecision made;
  {
    const std::scoped_lock lock(mutex_);
    const BreakerWord word = this->word(std::memory_order_relaxed);
    if (word.era() != era) return false;
    if (!word.has(BreakerWord::controlled)) return std::nullopt;
    std::optional<TrippedRule> tripped;
    if (!evidence_.add_to_streaks(era.generation(), marks, tripped)) return false;
    controller()->add(marks, now);
    if (!tripped && starts_) tripped = stuck_rule(era, now);
    if (tripped) {
      relapses_ = 0;
      tripped->window = window_at_locked(now);
      transition = open_locked(now, *tripped, server_wait);
    } else if (const auto due = controller()->due()) {
      if (*due <= now) {
        transition = end_step_locked(now, server_wait, made);
      } else {
        due_.store(ticks_of(*due), std::memory_order_release);
      }
    }
  }
  send_ramp(made, now);
  if (transition) send(*transition);
  return true;
}

std::optional<TrippedRule> CircuitBreaker::stuck_rule(BreakerEra era, TimePoint now) noexcept {
  const std::uint32_t stuck = starts_->stuck(era.generation(), now);
  if (stuck == 0) return std::nullopt;
  return TrippedRule{Rule::stuck_calls, static_cast<double>(stuck),
                     static_cast<double>(options_.stuck_calls->count), evidence_.at(now)};
}

void CircuitBreaker::trip(BreakerEra era, const TrippedRule& tripped, std::optional<Duration> server_wait,
                          TimePoint now) noexcept {
  std::optional<Transition> transition;
  {
    const std::scoped_lock lock(mutex_);
    if (word(std::memory_order_relaxed).era() != era) return;  // somebody was faster
    relapses_ = 0;
    TrippedRule why = tripped;
    if (controller() && controller()->runs()) controller()->show_step(why.window);
    transition = open_locked(now, why, server_wait);
  }
  send(*transition);
}

bool CircuitBreaker::try_record_probe(BreakerEra era, ProbeRound::Number probe, const Outcome& outcome,
                                      bool slow, TimePoint now) noexcept {
  using enum ProbeRound::Result;
  ProbeRound::Result result = outcome.verdict == Verdict::failure || slow ? failed : passed;
  if (outcome.verdict == Verdict::ignored) result = ignored;
  std::optional<Transition> transition;
  {
    const std::scoped_lock lock(mutex_);
    if (word(std::memory_order_relaxed).era() != era) return false;  // decided meanwhile: late
    if (!round_.come_back(probe, result)) return false;              // given up meanwhile: late
    look_again_locked();
    if (round_.verdict() == RoundVerdict::relapsed) {
      ++relapses_;
      transition = open_locked(
          now, {Rule::probe, round_.failure_rate(), options_.half_open.max_failure_rate, evidence_.latest()},
          outcome.verdict == Verdict::failure ? outcome.retry_after : std::nullopt);
    } else if (round_.verdict() == RoundVerdict::recovered) {
      transition = close_locked(now, round_.failure_rate());
    }
  }
  if (transition) send(*transition);
  return true;
}

// --- looking

WindowSnapshot CircuitBreaker::window_at_locked(TimePoint now) const noexcept {
  // The window of a closed period that is over stays as its last call left it.
  const bool over = word(std::memory_order_relaxed).state() != State::closed;
  WindowSnapshot window = over ? evidence_.latest() : evidence_.at(now);
  if (controller() && controller()->runs()) controller()->show_step(window);
  return window;
}

std::optional<LastFailure> CircuitBreaker::last_failure() const noexcept {
  std::uint64_t latest = 0;
  for (const CallCell& cell : cells_) {
    const std::uint64_t failure = cell.last_failure.load(std::memory_order_relaxed);
    if (failure == 0) continue;
    if (latest == 0 || static_cast<Duration::rep>(failure) > static_cast<Duration::rep>(latest))
      latest = failure;
  }
  if (latest == 0) return std::nullopt;
  return LastFailure{static_cast<FailureType>((latest & last_failure_type_mask) - 1),
                     time_of(static_cast<Duration::rep>(latest & ~last_failure_type_mask))};
}

BreakerSnapshot CircuitBreaker::snapshot(TimePoint now) const noexcept {
  BreakerSnapshot snapshot;
  const std::scoped_lock lock(mutex_);
  const BreakerWord word = this->word(std::memory_order_relaxed);
  snapshot.state = word.state();
  snapshot.metrics_only = word.has(BreakerWord::metrics_only);
  snapshot.generation = word.generation();
  snapshot.since = time_of(since_.load(std::memory_order_relaxed));
  now = std::max({now, snapshot.since, time_of(cells_.mine().latest.load(std::memory_order_relaxed))});
  snapshot.ramping = ramps_at(word, now);
  snapshot.advised = advised_wait(word, now).has_value();
  snapshot.relapses = relapses_;
  snapshot.time_open = time_open_;
  if (snapshot.state == State::open) {
    const TimePoint until = time_of(until_.load(std::memory_order_relaxed));
    snapshot.retry_after = std::max(saturating_sub(until, now), Duration::zero());
    snapshot.time_open += saturating_sub(now, opened_at_);
  }
  if (snapshot.state == State::half_open) snapshot.half_open = round_.counts();
  snapshot.window = window_at_locked(now);
  // After the window: a call with a mark is counted in a cell before it is booked, so the totals know every
  // such call of the window.
  snapshot.totals = cells_.totals();
  const std::uint64_t for_fleet = advised_ ? advised_->refused.load(std::memory_order_relaxed) : 0;
  snapshot.totals.rejected_by_reason[static_cast<std::size_t>(Reason::fleet_open)] = for_fleet;
  snapshot.totals.rejected += for_fleet;
  snapshot.totals.opened = opened_;
  snapshot.totals.closed = closed_;
  snapshot.totals.half_opened = half_opened_;
  snapshot.last_failure = last_failure();
  if (adaptation()) snapshot.adapted = adaptation()->figures();
  snapshot.level = level_figures_locked(word);
  if (word.has(BreakerWord::controlled)) snapshot.ramp = controller()->figures();
  return snapshot;
}

TimePoint CircuitBreaker::last_used() const noexcept {
  Duration::rep latest = since_.load(std::memory_order_relaxed);
  for (const CallCell& cell : cells_) latest = std::max(latest, cell.latest.load(std::memory_order_relaxed));
  return time_of(latest);
}

bool CircuitBreaker::idle_since(TimePoint at) const noexcept {
  const TimePoint used = last_used();
  if (used > at) return false;
  // Under the mutex, so that a thread which has seen the last holder of this breaker go also sees the
  // transition it made.
  const std::scoped_lock lock(mutex_);
  const BreakerWord word = this->word(std::memory_order_relaxed);
  if (word.state() != State::closed || word.has(BreakerWord::metrics_only)) return false;
  const bool controlled = word.has(BreakerWord::controlled);
  const TimePoint ramped = controlled ? saturating_add(used, options_.ramp->duration) : used;
  if (controlled ? ramped > at : ramps_at(word, at)) return false;
  if (word.has(BreakerWord::raised)) {
    const std::optional<LevelFigures> level = level_figures_locked(word);
    const std::optional<TimePoint> first =
        controlled ? saturating_add(ramped, options_.calm_from(level->level)) : level->at_first;
    if (!first || *first > at) return false;
  }
  const CallTotals totals = cells_.totals();
  return totals.calls == totals.successes + totals.failures + totals.ignored;
}

std::size_t CircuitBreaker::memory_bytes() const noexcept {
  std::size_t bytes =
      sizeof(*this) + cells_.memory_bytes() + evidence_.memory_bytes() + round_.memory_bytes();
  if (starts_) bytes += sizeof(CallStarts);
  if (higher_) bytes += sizeof(Higher);
  if (adaptation()) bytes += adaptation()->memory_bytes();
  if (options_.ramp) bytes += sizeof(RampOptions);
  if (controller()) bytes += sizeof(RampController);
  if (levels()) bytes += sizeof(LevelsOptions) + levels()->memory_bytes();
  const std::scoped_lock lock(mutex_);  // advise() may be making it
  if (advised_) bytes += sizeof(Advised);
  if (name_.size() > 15) bytes += name_.capacity() + 1;  // longer than a string keeps in itself
  return bytes;
}

}  // namespace switchgear
