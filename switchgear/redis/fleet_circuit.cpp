#include "switchgear/redis/fleet_circuit.hpp"

#include <algorithm>
#include <utility>

namespace switchgear::redis {

namespace {

/// Whether the window holds enough calls to speak of a rate. Breakers without a window go by any recent call.
bool is_evidence(const CircuitBreakerOptions& options, const WindowSnapshot& window) {
  return !options.needs_window() || window.calls >= std::max<std::uint64_t>(options.minimum_calls, 1);
}

/// Half the rate at which the breaker itself would open.
bool is_healthy(const CircuitBreakerOptions& options, const WindowSnapshot& window) {
  constexpr double usual = 0.5;
  if (!options.needs_window()) return window.consecutive_failures == 0 && window.failure_balance == 0;
  return window.weighted_failure_rate() < options.failure_rate.value_or(usual) / 2;
}

}  // namespace

FleetCircuit::FleetCircuit(const FleetOptions& options, std::uint64_t seed, FleetCircuitMemory memory)
    : options_(options),
      random_(seed),
      epoch_(memory.epoch),
      command_(std::move(memory.command)),
      command_epoch_(memory.command_epoch),
      remembered_(memory.breaker),
      forces_(memory.forces),
      command_followed_(memory.command_followed) {
  if (command_) commands_given_ = command_->order;
}

void FleetCircuit::look(CircuitBreaker& breaker, TimePoint now) {
  const BreakerSnapshot seen = breaker.snapshot(now);
  take_stock(breaker, seen, now);
  follow_command(breaker, now);
  follow_lease(seen, now);
  follow_recovery(breaker, now);
  advise(breaker, now);
}

void FleetCircuit::leave(CircuitBreaker& breaker, TimePoint now) {
  if (advice_ != FleetAdvice{}) breaker.advise({});
  command_.reset();
  follow_command(breaker, now);
}

FleetCircuitMemory FleetCircuit::hand_over(CircuitBreaker& breaker) {
  if (advice_ != FleetAdvice{}) breaker.advise({});
  return {epoch_, command_, command_epoch_, &breaker, forces_, command_followed_};
}

void FleetCircuit::take_stock(const CircuitBreaker& breaker, const BreakerSnapshot& seen, TimePoint now) {
  const std::uint64_t calls = seen.totals.successes + seen.totals.failures;
  if (looked_at_ != &breaker) {  // the first look, or another one in its place
    looked_at_ = &breaker;
    open_duration_ = breaker.options().open_duration;
    longest_ = std::max(open_duration_, breaker.options().max_open_duration);
    ramp_ = breaker.options().ramp ? breaker.options().ramp->duration : Duration::zero();
    advice_ = {};
    if (std::exchange(remembered_, nullptr) != &breaker) {
      command_followed_ = false;
      forces_ = false;
    }
    lease_.reset();
    if (calls > 0) last_call_ = now;
  } else {
    const bool called = calls != calls_seen_, refused = seen.totals.rejected != refusals_seen_;
    if (called) last_call_ = now;
    if (refused) last_refusal_ = now;
    if (called || refused) note_arrival(now);
  }
  calls_seen_ = calls;
  refusals_seen_ = seen.totals.rejected;
  // A breaker that is half-open only because it probes for the others has not found it down.
  if (seen.state != State::half_open) has_opened_ = seen.state == State::open;
  report_ = report_on(breaker, seen, now);
}

void FleetCircuit::note_arrival(TimePoint now) noexcept {
  if (last_arrival_) {
    const Duration gap = now - *last_arrival_;
    gap_ = gap_ ? (*gap_ + gap) / 2 : gap;
  }
  last_arrival_ = now;
}

FleetReport FleetCircuit::report_on(const CircuitBreaker& breaker, const BreakerSnapshot& seen,
                                    TimePoint now) const {
  const auto lately = [&](const std::optional<TimePoint>& at) { return at && now - *at <= options_.fresh; };
  FleetReport report;
  report.calls = seen.window.calls;
  report.failures = seen.window.failures;
  if (recover_at_) return report;
  if (seen.state == State::open) {
    // An opening that is over says nothing new if no call has come since.
    const bool running = seen.retry_after && *seen.retry_after > Duration::zero();
    report.vote = running || lately(last_refusal_) ? FleetVote::yes : FleetVote::waits;
  } else if ((seen.state == State::half_open && has_opened_) ||
             (seen.state == State::forced_open && forced(now))) {
    report.vote = FleetVote::waits;
  } else if (seen.state == State::closed && lately(last_call_) &&
             is_evidence(breaker.options(), seen.window)) {
    report.vote = FleetVote::no;
    report.dissents = is_healthy(breaker.options(), seen.window);
  }
  return report;
}

void FleetCircuit::follow_command(CircuitBreaker& breaker, TimePoint now) {
  if (!forced(now)) {
    if (std::exchange(forces_, false)) breaker.release_for_fleet(now);
  } else if (!std::exchange(command_followed_, true)) {  // a later command to this member alone stays
    // It may be forced open already: by this, or by a command to this member alone, which this does not end.
    if (breaker.force_for_fleet(now)) forces_ = true;
  }
}

void FleetCircuit::follow_lease(const BreakerSnapshot& seen, TimePoint now) {
  if (!lease_) return;
  if (now >= lease_->until) return lease_.reset();
  if (lease_->result != FleetLease::Result::none) return;
  if (seen.generation == lease_->generation) {
    lease_->probing = seen.half_open.in_flight > 0;
    lease_->begun = lease_->probing || seen.half_open.recorded > 0;
    return;
  }
  if (seen.state == State::closed) {
    lease_->result = FleetLease::Result::ok;
  } else {
    lease_->result = seen.state == State::open ? FleetLease::Result::failed : FleetLease::Result::unused;
  }
}

void FleetCircuit::follow_recovery(CircuitBreaker& breaker, TimePoint now) {
  if (!recover_at_ || now < *recover_at_) return;
  recover_at_.reset();
  // A breaker that was refused calls only for the fleet comes back as one that recovered: by its own probes,
  // into its ramp. One whose calls went on has nothing to come back from.
  const bool was_refusing = advice_.refuse_until > TimePoint{} && ramp_ > Duration::zero() && !led_recovery_;
  breaker.probe_for_fleet(was_refusing ? Probing::also_closed : Probing::only_open, now);
  advice_ = {};
}

void FleetCircuit::advise(CircuitBreaker& breaker, TimePoint now) {
  // Otherwise what it was told before lasts until the recovery, or runs out by itself (F3, F4).
  if (recover_at_ || lease_) return;
  FleetAdvice advice;
  if (!fleet_open(now)) {
    if (now < std::max(advice_.refuse_until, advice_.hold_until)) return;
  } else {
    if (!report_.dissents) advice.refuse_until = open_fresh_until_;  // F6
    advice.hold_until = open_fresh_until_ - spread_;
  }
  if (advice == advice_) return;
  advice_ = advice;
  breaker.advise(advice);
}

bool FleetCircuit::wants_vote(TimePoint now) const noexcept {
  return sent_at_ == TimePoint::min() || report_.vote != sent_.vote ||
         now - sent_at_ >= (fleet_open(now) ? options_.interval * 4 / 5 : options_.fresh / 3);
}

bool FleetCircuit::wants_probe(TimePoint now) const noexcept {
  using std::chrono::seconds;
  if (!fleet_open(now) || now < open_until_ || now < bid_at_ || lease_ || report_.dissents || forced(now))
    return false;
  const Duration gap = gap_.value_or(Duration::zero());
  const Duration lately = std::max({Duration{2 * options_.interval}, Duration{seconds{2}}, 2 * gap});
  if (!last_refusal_ || now - *last_refusal_ > lately || held_by_another(now)) return false;
  // The member whose next call is the nearest asks first.
  const Duration next = last_arrival_ ? saturating_sub(*last_arrival_ + gap, now) : Duration::zero();
  return now - open_until_ >= next / 4;
}

bool FleetCircuit::held_by_another(TimePoint now) const noexcept {
  if (view_.probe_holder.empty() || view_.probe_holder == options_.identity || now >= probed_until_)
    return false;
  return view_.probe_gap <= std::max<Duration>(std::chrono::seconds{1}, 2 * probe_gap(now));
}

bool FleetCircuit::wants_to_keep_lease(TimePoint now) const noexcept {
  return lease_ && lease_->result == FleetLease::Result::none && !lease_->probing &&
         now - lease_->asked >= std::min<Duration>(options_.interval, options_.probe / 4);
}

Duration FleetCircuit::probe_gap(TimePoint now) const noexcept {
  constexpr std::chrono::hours anybody_elses_before{24};
  const Duration gap = gap_.value_or(options_.probe);
  if (!lease_) return gap;
  const Duration waited = now - std::max(lease_->from, last_arrival_.value_or(TimePoint::min()));
  if (waited >= std::max(options_.probe / 2, 2 * gap)) return anybody_elses_before;
  return lease_->begun ? Duration::zero() : gap;
}

bool FleetCircuit::wants_command(TimePoint now) const noexcept {
  return command_ && now < command_->until &&
         ((command_->epoch == 0 && !command_->told) || store_forgot_command_);
}

FleetClock FleetCircuit::store_clock(TimePoint now) const noexcept {
  using std::chrono::milliseconds;
  constexpr milliseconds rounded{2};  // what is cut off here, and of the store's own clock
  return {view_.clock + std::chrono::floor<milliseconds>(now - view_came_),
          std::chrono::ceil<milliseconds>(view_came_ - view_sent_) + rounded};
}

bool FleetCircuit::busy(TimePoint now) const noexcept {
  return fleet_open(now) || lease_ || recover_at_ || forces_ || forced(now) || wants_command(now);
}

std::uint64_t FleetCircuit::vote_sent(TimePoint now) noexcept {
  sent_ = report_;
  sent_at_ = now;
  return ++seq_;
}

void FleetCircuit::on_view(const FleetView& view, TimePoint sent, TimePoint now) {
  if (view.epoch < epoch_) return;  // F2
  const bool same = view.incarnation == view_.incarnation;
  const bool moved = !same || view.epoch != epoch_;
  const bool recovered = same && view_.open && !view.open;
  const TimePoint fresh_until = saturating_add(sent, options_.fresh);
  if (view.open)
    open_fresh_until_ = view_.open && !moved ? std::max(open_fresh_until_, fresh_until) : fresh_until;
  epoch_ = view.epoch;
  view_ = view;
  view_sent_ = sent;
  view_came_ = now;
  fresh_until_ = std::max(fresh_until_, fresh_until);
  if (moved) moved_at_ = sent;
  const TimePoint open_until =
      std::min(saturating_add(sent, view.open_left), saturating_add(moved_at_, longest_));
  open_until_ = moved || view.open_left > Duration::zero() ? open_until : std::min(open_until_, open_until);
  probed_until_ = saturating_add(sent, view.probe_left);
  if (moved) {
    led_recovery_ = recovered && lease_ && lease_->result == FleetLease::Result::ok;
    lease_.reset();
    recover_at_.reset();
    sent_at_ = TimePoint::min();  // what it voted before was about another epoch
    if (view.open) {
      spread_ = upto(std::min<Duration>(open_duration_ / 4, options_.fresh / 2));
      bid_at_ =
          saturating_add(open_until_, upto(std::min<Duration>(open_duration_ / 10, std::chrono::seconds{1})));
    }
  }
  if (recovered) {
    const Duration most = (ramp_ > Duration::zero() ? ramp_ : open_duration_) / 10;
    recover_at_ = saturating_add(now, upto(std::min<Duration>(most, std::chrono::seconds{1})));
    report_.vote = FleetVote::abstains;  // its opening is from before the recovery, and about to end
  }
  adopt_command(view, sent, now);
}

void FleetCircuit::adopt_command(const FleetView& view, TimePoint sent, TimePoint now) {
  const bool lasts = command_ && now < command_->until;
  if (lasts && command_->epoch == 0 && !command_->told) return;  // an order of our own is on its way
  const std::uint64_t known = command_ ? command_->epoch : 0;
  const bool forgotten = lasts && view.command_epoch < known;
  if (!forgotten) {
    store_forgot_command_ = false;
  } else if (!store_forgot_command_ && saturating_sub(now, put_back_at_) >= options_.interval) {
    store_forgot_command_ = true;
    put_back_at_ = now;
  }
  if (forgotten || view.command_epoch == known || view.command_epoch == 0) return;
  const bool our_own = lasts && known == 0 && command_->open && view.forced_open;
  command_ = FleetCommand{view.command_epoch, view.forced_open, saturating_add(sent, view.command_left),
                          view.command_by};
  command_epoch_ = std::max(command_epoch_, view.command_epoch);
  if (!our_own) command_followed_ = false;
}

void FleetCircuit::on_lease(std::uint64_t fence, Duration length, TimePoint sent, CircuitBreaker& breaker,
                            TimePoint now) {
  const TimePoint until = saturating_add(sent, length);
  if (!fleet_open(now) || now >= until) return;  // too late: the store lets it go by itself
  if (lease_) {                                  // and it is kept
    lease_->fence = fence;
    lease_->asked = sent;
    lease_->until = std::max(lease_->until, until);
    return;
  }
  lease_ = FleetLease{view_.incarnation, epoch_, fence, sent, until, sent};
  breaker.probe_for_fleet(Probing::also_closed, now);
  advice_ = {};
  const BreakerSnapshot seen = breaker.snapshot(now);
  lease_->generation = seen.generation;
  if (seen.state != State::half_open) lease_->result = FleetLease::Result::unused;
}

void FleetCircuit::on_no_lease(TimePoint now) {
  if (lease_ && lease_->result == FleetLease::Result::none) lease_.reset();  // another member has it now
  // By then a view shows who holds it, for how long.
  bid_at_ = saturating_add(now, options_.interval / 2 + upto(options_.interval));
}

void FleetCircuit::command_told(std::uint64_t order) noexcept {
  store_forgot_command_ = false;
  if (command_ && command_->epoch == 0 && command_->order == order)  // or another one has been given since
    command_->told = true;
}

void FleetCircuit::command(bool open, TimePoint until, std::string by, TimePoint now) {
  command_ = FleetCommand{0, open, until, std::move(by), now, command_epoch_, ++commands_given_};
  command_followed_ = false;
}

}  // namespace switchgear::redis
