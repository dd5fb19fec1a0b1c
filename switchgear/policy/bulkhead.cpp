#include "switchgear/policy/bulkhead.hpp"

#include <algorithm>
#include <cassert>

#include "switchgear/policy/option_checker.hpp"
#include "switchgear/striped/pause.hpp"

namespace switchgear {

std::vector<OptionProblem> validate(const BulkheadOptions& options) {
  constexpr std::uint64_t most = 1'000'000;  // less than 2^21: see Bulkhead's word
  OptionChecker check;
  check.between("max_concurrent", options.max_concurrent, 1, most);
  check.between("max_queue", options.max_queue, 0, most);
  check.not_negative("max_wait", options.max_wait);
  if (options.max_queue > 0 && options.max_wait == Duration::zero()) {
    check.problem("max_wait", "0s lets no call wait in a queue of " +
                                  OptionChecker::whole(options.max_queue) +
                                  "; expected longer than 0s, or max_queue 0");
  }
  if (options.max_queue == 0 && options.max_wait > Duration::zero()) {
    check.problem("max_queue", "0 leaves no place to wait " + OptionChecker::seconds(options.max_wait) +
                                   " in; expected at least 1, or max_wait 0s");
  }
  return check.take();
}

Bulkhead::Bulkhead(std::string name, const BulkheadOptions& options)
    : word_(options.max_concurrent * one_slot),
      parked_(options.max_concurrent),
      max_queue_(options.max_queue),
      max_wait_(options.max_wait.count()),
      name_(std::move(name)) {
  require_valid("bulkhead", name_, validate(options));
  if (!parked_.useful()) word_ |= nothing_parked;
}

BulkheadOptions Bulkhead::options() const {
  const std::scoped_lock lock(mutex_);
  return {max_of(word_.load(std::memory_order_relaxed)), max_queue_.load(std::memory_order_relaxed),
          max_wait()};
}

void Bulkhead::set_options(const BulkheadOptions& options) {
  require_valid("bulkhead", name_, validate(options));
  const std::scoped_lock lock(mutex_);
  max_queue_.store(options.max_queue, std::memory_order_relaxed);
  max_wait_.store(options.max_wait.count(), std::memory_order_relaxed);
  gather_locked();
  parked_.resize(options.max_concurrent);
  const std::uint64_t before = max_of(word_.load(std::memory_order_relaxed));  // changes under this lock only
  word_.fetch_add((options.max_concurrent - before) * one_slot, std::memory_order_acq_rel);
  while (try_pass_on_locked()) {
  }
}

bool Bulkhead::take_from_word() noexcept {
  std::uint64_t seen = word_.load(std::memory_order_relaxed);
  for (;;) {
    if (has_slot(seen)) [[likely]] {
      if (word_.compare_exchange_weak(seen, seen + one_taken, std::memory_order_acq_rel,
                                      std::memory_order_relaxed)) {
        return true;
      }
      pause_after_lost_race();
    } else if ((seen & nothing_parked) != 0) {
      return false;
    } else {
      const std::scoped_lock lock(mutex_);
      gather_locked();
    }
    seen = word_.load(std::memory_order_relaxed);
  }
}

void Bulkhead::free_in_word() noexcept {
  // Release: the next holder of the slot sees this call's writes.
  const std::uint64_t before = word_.fetch_sub(one_taken, std::memory_order_acq_rel);
  if (waiting_of(before) != 0) return pass_on();
  if (is_calm(before) && (before & nothing_parked) != 0 && parked_.useful()) spread();
}

/// Makes the word the whole truth.
void Bulkhead::gather_locked() noexcept {
  if ((word_.load(std::memory_order_relaxed) & nothing_parked) != 0) return;
  word_.fetch_add(nothing_parked - parked_.close(), std::memory_order_acq_rel);
}

/// Lets slots be parked again.
void Bulkhead::spread() noexcept {
  const std::scoped_lock lock(mutex_);
  std::uint64_t seen = word_.load(std::memory_order_relaxed);
  // Calm by this word's max: it may have become lower since the caller looked.
  while (waiting_of(seen) == 0 && (seen & nothing_parked) != 0 && is_calm(seen) && parked_.useful()) {
    if (!word_.compare_exchange_weak(seen, seen & ~nothing_parked, std::memory_order_acq_rel,
                                     std::memory_order_relaxed)) {
      continue;
    }
    parked_.open();
    return;
  }
}

Bulkhead::Entry Bulkhead::join(Ticket& ticket, Waker& waker) noexcept {
  assert(ticket.place_ == Ticket::Place::nowhere);
  if (try_take()) {
    ticket.bulkhead_ = this;
    ticket.place_ = Ticket::Place::held;
    return Entry::granted;
  }
  if (max_queue_.load(std::memory_order_relaxed) == 0) return Entry::refused;

  const std::scoped_lock lock(mutex_);
  gather_locked();
  std::uint64_t seen = word_.load(std::memory_order_relaxed);
  for (;;) {
    // A slot was freed since, and no caller waits?
    const bool slot_free = has_slot(seen);
    if (!slot_free && waiting_of(seen) >= max_queue_.load(std::memory_order_relaxed)) return Entry::refused;
    const std::uint64_t wanted = seen + (slot_free ? one_taken : one_waiting);
    if (!word_.compare_exchange_weak(seen, wanted, std::memory_order_acq_rel, std::memory_order_relaxed)) {
      continue;
    }
    ticket.bulkhead_ = this;
    if (slot_free) {
      ticket.place_ = Ticket::Place::held;
      return Entry::granted;
    }
    break;
  }
  ticket.place_ = Ticket::Place::queued;
  ticket.granted_ = false;
  ticket.waker_ = &waker;
  ticket.before_ = last_;
  ticket.after_ = nullptr;
  (last_ != nullptr ? last_->after_ : first_) = &ticket;
  last_ = &ticket;
  return Entry::waiting;
}

std::optional<Bulkhead::Permit> Bulkhead::poll(Ticket& ticket) noexcept {
  if (ticket.place_ == Ticket::Place::nowhere) return std::nullopt;
  if (ticket.place_ == Ticket::Place::queued) {
    const std::scoped_lock lock(mutex_);
    if (!ticket.granted_) return std::nullopt;
  }
  ticket.place_ = Ticket::Place::nowhere;
  tally_.add(admitted);
  return Permit{this};
}

std::optional<Bulkhead::Permit> Bulkhead::leave(Ticket& ticket) noexcept {
  if (ticket.place_ == Ticket::Place::nowhere || !withdraw(ticket)) return std::nullopt;
  tally_.add(admitted);
  return Permit{this};
}

/// Ends the ticket's wait; returns whether it had a slot, which is the caller's now.
bool Bulkhead::withdraw(Ticket& ticket) noexcept {
  if (std::exchange(ticket.place_, Ticket::Place::nowhere) == Ticket::Place::held) return true;
  const std::scoped_lock lock(mutex_);
  if (ticket.granted_) return true;
  unlink_locked(ticket);
  word_.fetch_sub(one_waiting, std::memory_order_acq_rel);
  return false;
}

Rejection Bulkhead::refuse(Reason reason, TimePoint now) noexcept {
  assert(reason == Reason::bulkhead_full || reason == Reason::queue_timeout || reason == Reason::cancelled);
  tally_.add(reason == Reason::bulkhead_full   ? rejected
             : reason == Reason::queue_timeout ? timed_out
                                               : cancelled);
  if (events_.wants(Interest::rejections)) tell(reason, now);
  return {reason, name_, std::nullopt};
}

void Bulkhead::tell(Reason reason, TimePoint now) noexcept {
  events_.on_rejected({{name_, PolicyKind::bulkhead, now}, Rejection{reason, name_, std::nullopt}});
}

BulkheadSnapshot Bulkhead::snapshot() const noexcept {
  const std::uint64_t word = word_.load(std::memory_order_acquire);
  const std::uint32_t taken = taken_of(word);
  return {taken - std::min(taken, parked_.sum()),
          waiting_of(word),
          {tally_.sum(admitted), tally_.sum(rejected), tally_.sum(timed_out), tally_.sum(cancelled)}};
}

/// Gives the slot that was freed to the first waiter. One for each slot that was freed while a caller waited
/// is enough: no caller begins to wait while a slot is free.
void Bulkhead::pass_on() noexcept {
  const std::scoped_lock lock(mutex_);
  (void)try_pass_on_locked();
}

bool Bulkhead::try_pass_on_locked() noexcept {
  const std::uint64_t seen = word_.load(std::memory_order_acquire);
  // No other thread raises `taken` in between: it waits for this lock, or is refused because others wait.
  if (waiting_of(seen) == 0 || taken_of(seen) >= max_of(seen)) return false;
  word_.fetch_add(one_taken - one_waiting, std::memory_order_acq_rel);
  Ticket& next = *first_;
  unlink_locked(next);
  next.granted_ = true;
  // Under the lock: the waiter must take it to read the ticket, so it cannot be gone yet.
  next.waker_->wake();
  return true;
}

void Bulkhead::unlink_locked(Ticket& ticket) noexcept {
  (ticket.before_ != nullptr ? ticket.before_->after_ : first_) = ticket.after_;
  (ticket.after_ != nullptr ? ticket.after_->before_ : last_) = ticket.before_;
}

Bulkhead::Ticket::~Ticket() {
  if (place_ == Place::nowhere) return;
  if (bulkhead_->withdraw(*this)) bulkhead_->free();
  (void)bulkhead_->refuse(Reason::cancelled);
}

}  // namespace switchgear
