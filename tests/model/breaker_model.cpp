#include "tests/model/breaker_model.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace switchgear::model {

BreakerModel::BreakerModel(const CircuitBreakerOptions& options, std::uint64_t seed)
    : given_(options), options_(at_level(options, BreakerLevel::warning)), random_(seed) {}

// --- operations

Decision BreakerModel::acquire(Ticket ticket, TimePoint now) {
  now = not_before_latest(now);
  settle(now);
  if (state_ == State::disabled) return {true, std::nullopt, std::nullopt};

  const Decision decision = decide(now);
  if (decision.admitted) {
    ++totals_.calls;
    in_flight_.emplace(ticket, Call{generation_, now});
    return decision;
  }
  if (metrics_only_) {
    ++totals_.would_reject;
    return {true, std::nullopt, std::nullopt};
  }
  ++totals_.rejected;
  ++totals_.rejected_by_reason[*decision.reason];
  return decision;
}

void BreakerModel::record(Ticket ticket, const Outcome& outcome, TimePoint now) {
  const auto found = in_flight_.find(ticket);
  if (found == in_flight_.end()) return;
  now = not_before_latest(now);
  settle(now);

  const Call call = found->second;
  in_flight_.erase(found);
  Outcome result = outcome;
  result.latency = std::max(result.latency, Duration::zero());
  const bool slow = is_slow(result.latency);
  const bool late = call.generation != generation_ || call.hung;
  switch (result.verdict) {
    case Verdict::success:
      ++totals_.successes;
      totals_.slow_successes += slow ? 1 : 0;
      break;
    case Verdict::failure:
      ++totals_.failures;
      ++totals_.failures_by_type[result.type];
      totals_.slow_failures += slow ? 1 : 0;
      break;
    case Verdict::ignored:
      ++totals_.ignored;
      return;
  }
  if (late) {
    ++totals_.late;
    if (result.verdict == Verdict::failure && state_ == State::open) lengthen(result, now);
    return;
  }
  if (state_ == State::closed) {
    record_closed(result, now);
  } else if (state_ == State::half_open) {
    record_probe(result, now);
  }
  sample(result, now);
}

void BreakerModel::sample(const Outcome& outcome, TimePoint now) {
  const ModelAdapted before = adapted();
  samples_.push_back({outcome.verdict, outcome.latency});
  note_adapted(before, now);
}

void BreakerModel::note_adapted(const ModelAdapted& before, TimePoint now) {
  ModelAdapted after = adapted();
  if (after.consecutive_failures == before.consecutive_failures &&
      after.open_duration == before.open_duration)
    return;
  after.at = now;
  changes_.push_back(after);
}

void BreakerModel::command(Order order, TimePoint now) {
  now = not_before_latest(now);
  settle(now);
  metrics_only_ = order == Order::metrics_only;
  relapses_ = 0;
  const BreakerLevel level = level_;
  if (order != Order::force_open) set_level(BreakerLevel::warning);
  const State to = order == Order::force_open ? State::forced_open
                   : order == Order::disable  ? State::disabled
                                              : State::closed;
  enter(to, now, {Rule::operator_command, 0, 0});
  if (order != Order::disable) booked_.clear();
  note_level(level, LevelCause::operator_command, now);
  const ModelAdapted before = adapted();
  samples_.clear();
  note_adapted(before, now);
}

void BreakerModel::check(CheckAnswer answer, const HealthRows& rows, TimePoint now) {
  now = not_before_latest(now);
  settle(now);
  checks_.push_back(answer);
  const auto other =
      std::find_if(checks_.rbegin(), checks_.rend(), [&](CheckAnswer each) { return each != answer; });
  const auto row = static_cast<std::uint32_t>(other - checks_.rbegin());
  if (state_ == State::closed && answer == CheckAnswer::bad && row >= rows.unhealthy) {
    relapses_ = 0;
    open(now, {Rule::health_check, static_cast<double>(row), static_cast<double>(rows.unhealthy)});
  } else if (state_ == State::open && answer == CheckAnswer::good && row >= rows.healthy) {
    half_open(now, Finding{Rule::health_check, static_cast<double>(row), static_cast<double>(rows.healthy)});
  }
}

void BreakerModel::restart(TimePoint now) {
  now = not_before_latest(now);
  settle(now);
  const TimePoint began = since_;
  const bool controlled = is_controlled();
  const bool ramps = controlled || (ramp_since_ && now - *ramp_since_ < options_.ramp->duration);
  booked_.clear();
  if (state_ == State::half_open) {
    enter(State::open, now, {Rule::restored, 0, 0});
    open_until_ = began;
  } else {
    enter(state_, now, {Rule::restored, 0, 0});
  }
  since_ = began;
  not_down_before_ = now;
  if (state_ == State::open) open_before_ -= now - began;
  if (ramps) ramp_since_ = controlled ? now : began;
  ramp_asked_ = 0;
  ramp_calls_.clear();
  ramp_judged_ = ramp_turned_ = 0;
  ramp_settled_ = now;
  const ModelAdapted before = adapted();
  samples_.clear();
  note_adapted(before, now);
}

// --- what is due by itself

TimePoint BreakerModel::not_before_latest(TimePoint now) { return latest_ = std::max(latest_, now); }

void BreakerModel::settle(TimePoint now) {
  for (std::optional<TimePoint> due = next_due(); due && *due <= now; due = next_due()) {
    if (state_ == State::open) {
      half_open(*due);
    } else if (is_controlled()) {
      turn_ramp(*due);
    } else if (state_ == State::closed) {
      come_down(*due);
    } else {
      probe_hangs(*due);
    }
  }
}

std::optional<TimePoint> BreakerModel::next_due() const {
  if (state_ == State::open && options_.probe_automatically) return open_until_;
  if (is_controlled()) return ramp()->due;
  if (state_ == State::closed) return calm_until();
  if (state_ != State::half_open) return std::nullopt;
  std::optional<TimePoint> first;
  for (const auto& [ticket, call] : in_flight_) {
    if (!is_out(call)) continue;
    const TimePoint hangs = call.start + options_.half_open.max_wait;
    first = std::min(hangs, first.value_or(hangs));
  }
  return first;
}

/// One that began `max_wait` ago; of several, it does not matter which.
void BreakerModel::probe_hangs(TimePoint at) {
  const double waited = to_seconds(options_.half_open.max_wait);
  for (auto& [ticket, call] : in_flight_) {
    if (!is_out(call) || call.start + options_.half_open.max_wait != at) continue;
    call.hung = true;
    count_probe(true, at, Finding{Rule::max_wait, waited, waited});
    return;
  }
}

void BreakerModel::turn_ramp(TimePoint at) {
  const RampOptions& options = *options_.ramp;
  ramp_settled_ = at;
  ramp_judged_ = ramp_calls_.size();
  const ModelRamp ramp = *this->ramp();
  if (ramp.turns.size() == ramp_turned_) return;
  const RampTurn turn = ramp.turns.back();
  ramp_turned_ = ramp.turns.size();
  if (turn.change) turns_.push_back(turn);
  if (turn.change == RampChange::over) {
    ramp_since_.reset();
    not_down_before_ = at;
  }
  if (!turn.opens) return;
  relapses_ = 0;
  open(turn.at, {Rule::ramp, ratio(turn.failed, turn.calls), options.controller->max_failure_rate});
}

// --- deciding about one acquire

Decision BreakerModel::decide(TimePoint now) {
  if (state_ == State::closed) {
    if (const auto stuck = stuck_calls(now)) open(now, *stuck);
  }
  if (state_ == State::forced_open) return refuse(Reason::forced_open, std::nullopt);
  if (state_ == State::open) {
    if (now < open_until_) return refuse(Reason::open, open_until_ - now);
    half_open(now);
  }
  if (state_ == State::half_open) return decide_probe(now);

  if (is_controlled()) {
    const ModelRamp ramp = *this->ramp();
    const std::uint64_t position = ramp_asked_++ * 0x9e3779b97f4a7c15U;
    if (!(static_cast<double>(position >> 11U) * 0x1p-53 < ramp.share)) {
      const Duration step = options_.ramp->controller->step.value_or(options_.ramp->duration / 10);
      Duration left = ramp.began + step - now;
      while (left <= Duration::zero()) left += step * std::max<Duration::rep>(1, -left / step);
      return refuse(Reason::ramping, left);
    }
  } else if (ramp_since_) {
    const RampOptions& ramp = *options_.ramp;
    const Duration passed = now - *ramp_since_;
    if (passed < ramp.duration) {
      const double share = ramp.from + (1 - ramp.from) * (static_cast<double>(passed.count()) /
                                                          static_cast<double>(ramp.duration.count()));
      const std::uint64_t position = ramp_asked_++ * 0x9e3779b97f4a7c15U;
      if (!(static_cast<double>(position) * 0x1p-64 < share))
        return refuse(Reason::ramping, ramp.duration - passed);
    }
  }
  return {true, std::nullopt, std::nullopt};
}

Decision BreakerModel::decide_probe(TimePoint now) {
  const std::size_t out = probes().out;
  if (probes_.size() + out >= options_.half_open.permitted_calls ||
      out >= options_.half_open.max_concurrent.value_or(options_.half_open.permitted_calls)) {
    return refuse(Reason::half_open, std::min<Duration>(std::chrono::seconds{1}, *next_due() - now));
  }
  if (last_probe_ && now - *last_probe_ < options_.half_open.probe_interval) {
    return refuse(Reason::half_open, options_.half_open.probe_interval - (now - *last_probe_));
  }
  last_probe_ = now;
  return {true, std::nullopt, std::nullopt};
}

Decision BreakerModel::refuse(Reason reason, std::optional<Duration> retry_after) const {
  return {false, reason, retry_after, level()};
}

// --- taking one result

void BreakerModel::record_closed(const Outcome& outcome, TimePoint now) {
  const bool of_ramp = is_controlled();
  booked_.push_back({now, outcome.verdict, outcome.type, outcome.latency, of_ramp});
  if (of_ramp) {
    const bool failed = outcome.verdict == Verdict::failure || is_slow(outcome.latency);
    ramp_calls_.push_back({now, failed, outcome.latency, booked_.size() - 1});
  }
  if (const auto rule = rule_that_holds(now)) {
    open(now, *rule);
    lengthen(outcome, now);
  } else if (of_ramp) {
    turn_ramp(now);
    if (state_ == State::open) lengthen(outcome, now);
  }
}

void BreakerModel::record_probe(const Outcome& outcome, TimePoint now) {
  const bool failed = outcome.verdict == Verdict::failure || is_slow(outcome.latency);
  if (count_probe(failed, now, std::nullopt)) lengthen(outcome, now);
}

bool BreakerModel::count_probe(bool failed, TimePoint now, const std::optional<Finding>& hung) {
  probes_.push_back(failed);
  const std::size_t permitted = options_.half_open.permitted_calls;
  const double tolerated = options_.half_open.max_failure_rate;
  const auto failures = static_cast<std::size_t>(std::count(probes_.begin(), probes_.end(), true));
  const std::size_t successes = probes_.size() - failures;
  const auto relapses_with = [&](std::size_t bad) { return bad > 0 && ratio(bad, permitted) >= tolerated; };

  const double seen = ratio(failures, permitted);
  if (relapses_with(failures)) {
    ++relapses_;
    open(now, hung.value_or(Finding{Rule::probe, seen, tolerated}));
    return true;
  }
  const bool enough_are_good =
      options_.half_open.success_threshold && successes >= *options_.half_open.success_threshold;
  const bool the_rest_cannot_relapse = !relapses_with(failures + permitted - probes_.size());
  if (enough_are_good || the_rest_cannot_relapse) close(now, {Rule::recovered, seen, tolerated});
  return false;
}

void BreakerModel::lengthen(const Outcome& outcome, TimePoint now) {
  if (!options_.honor_retry_after || outcome.verdict != Verdict::failure || !outcome.retry_after) return;
  const TimePoint latest_end = saturating_add(since_, options_.max_open_duration);
  open_until_ = std::max(open_until_, std::min(saturating_add(now, *outcome.retry_after), latest_end));
}

// --- changing state

void BreakerModel::enter(State to, TimePoint at, const Finding& why) {
  const WindowSnapshot evidence = window(at);
  ++generation_;
  if (state_ == State::open) open_before_ += at - since_;
  if (state_ != to) {
    if (to == State::open) ++totals_.opened;
    if (to == State::closed) ++totals_.closed;
    if (to == State::half_open) ++totals_.half_opened;
    transitions_.push_back({at, state_, to, generation_, why.rule, why.value, why.threshold, evidence});
  }
  state_ = to;
  since_ = at;
  checks_.clear();
  ramp_since_.reset();
}

void BreakerModel::open(TimePoint at, const Finding& why) {
  const WindowSnapshot seen = window(at);
  const bool relapsed = state_ == State::half_open;
  enter(State::open, at, why);
  if (relapsed) {
    escalate(probes_.size(), static_cast<std::uint64_t>(std::count(probes_.begin(), probes_.end(), true)),
             at);
  } else {
    escalate(seen.calls + seen.extra_weight, seen.failures + seen.extra_weight, at);
  }
  double length =
      std::min(static_cast<double>(adapted().open_duration.count()) * std::pow(options_.backoff, relapses_),
               static_cast<double>(options_.max_open_duration.count()));
  if (options_.jitter > 0) length *= 1 + options_.jitter * (2 * random_.uniform() - 1);
  open_until_ = saturating_add(at, Duration{std::llround(length)});
}

void BreakerModel::half_open(TimePoint at, const std::optional<Finding>& early) {
  const double length = to_seconds(open_until_ - since_);
  enter(State::half_open, at, early.value_or(Finding{Rule::open_duration, to_seconds(at - since_), length}));
  probes_.clear();
  last_probe_.reset();
}

void BreakerModel::close(TimePoint at, const Finding& why) {
  enter(State::closed, at, why);
  booked_.clear();
  relapses_ = 0;
  not_down_before_ = at;
  if (options_.ramp) {
    ramp_since_ = at;
    ramp_asked_ = 0;
  }
  ramp_calls_.clear();
  ramp_judged_ = ramp_turned_ = 0;
  ramp_settled_ = at;
}

// --- levels

CircuitBreakerOptions at_level(const CircuitBreakerOptions& options, BreakerLevel level) {
  CircuitBreakerOptions at = options;
  if (!options.levels) return at;
  const LevelOptions& own = (*options.levels)[level];
  if (own.minimum_calls) at.minimum_calls = *own.minimum_calls;
  if (own.failure_rate) at.failure_rate = own.failure_rate;
  if (own.failure_rate_confidence) at.failure_rate_confidence = own.failure_rate_confidence;
  if (own.slow_call) at.slow_call = own.slow_call;
  if (own.latency) at.latency = own.latency;
  if (own.consecutive_failures) at.consecutive_failures = own.consecutive_failures;
  if (own.failure_balance) at.failure_balance = own.failure_balance;
  if (own.open_duration) at.open_duration = *own.open_duration;
  return at;
}

Duration calm_of(const CircuitBreakerOptions& options, BreakerLevel level) {
  const LevelOptions& own = (*options.levels)[level];
  return own.calm ? *own.calm : at_level(options, level).open_duration;
}

std::optional<BreakerLevel> BreakerModel::level() const {
  return given_.levels ? std::optional(level_) : std::nullopt;
}

void BreakerModel::set_level(BreakerLevel level) {
  level_ = level;
  options_ = at_level(given_, level);
}

void BreakerModel::note_level(BreakerLevel from, LevelCause cause, TimePoint at, std::uint64_t calls,
                              std::uint64_t failed) {
  if (from != level_) levels_.push_back({at, from, level_, cause, state_, generation_, calls, failed});
}

void BreakerModel::escalate(std::uint64_t calls, std::uint64_t failed, TimePoint at) {
  if (!given_.levels || level_ == BreakerLevel::emergency || calls == 0) return;
  if (ratio(failed, calls) <= given_.levels->escalate_above) return;
  const BreakerLevel from = level_;
  set_level(from == BreakerLevel::warning ? BreakerLevel::critical : BreakerLevel::emergency);
  note_level(from, LevelCause::escalated, at, calls, failed);
}

std::optional<TimePoint> BreakerModel::calm_until() const {
  if (level_ == BreakerLevel::warning || state_ != State::closed || is_controlled()) return std::nullopt;
  Duration calm = calm_of(given_, level_);
  if (ramp_since_) calm = std::max(calm, options_.ramp->duration);
  return std::max(not_down_before_, since_ + calm);
}

void BreakerModel::come_down(TimePoint at) {
  const BreakerLevel from = level_;
  enter(State::closed, at, {Rule::recovered, 0, 0});
  booked_.clear();
  not_down_before_ = at;
  set_level(from == BreakerLevel::emergency ? BreakerLevel::critical : BreakerLevel::warning);
  note_level(from, LevelCause::calm, at);
}

// --- looking at it

bool BreakerModel::is_out(const Call& call) const { return call.generation == generation_ && !call.hung; }

ModelProbes BreakerModel::probes() const {
  if (state_ != State::half_open) return {};
  const auto out = static_cast<std::size_t>(std::count_if(
      in_flight_.begin(), in_flight_.end(), [&](const auto& entry) { return is_out(entry.second); }));
  return {out, probes_.size(), static_cast<std::size_t>(std::count(probes_.begin(), probes_.end(), true))};
}

Duration BreakerModel::time_open(TimePoint now) const {
  return open_before_ + (state_ == State::open ? std::max(latest_, now) - since_ : Duration::zero());
}

std::vector<ModelTransition> BreakerModel::take_transitions() { return std::exchange(transitions_, {}); }

std::optional<ModelRamp> BreakerModel::ramp() const {
  if (!is_controlled()) return std::nullopt;
  return ramp_after(*options_.ramp, *ramp_since_, ramp_calls_, ramp_judged_, ramp_settled_);
}

std::vector<RampTurn> BreakerModel::take_ramp_turns() { return std::exchange(turns_, {}); }

std::vector<ModelLevel> BreakerModel::take_levels() { return std::exchange(levels_, {}); }

std::vector<ModelAdapted> BreakerModel::take_adapted() { return std::exchange(changes_, {}); }

}  // namespace switchgear::model
