#include "switchgear/policy/single_flight.hpp"

#include <cassert>
#include <functional>

namespace switchgear {

SingleFlight::SingleFlight() : shards_(std::make_unique<Shard[]>(shard_count)) {}
SingleFlight::~SingleFlight() = default;

std::size_t SingleFlight::bucket_of(std::string_view key) noexcept {
  const std::uint64_t mixed = std::hash<std::string_view>{}(key)*0x9e3779b97f4a7c15U;
  return (mixed >> 32U) % (shard_count * buckets_per_shard);
}

SingleFlight::Ticket* SingleFlight::find_locked(std::size_t bucket, std::string_view key) noexcept {
  Ticket* leader = leaders_of(bucket);
  while (leader != nullptr && leader->key_ != key) leader = leader->chain_;
  return leader;
}

void SingleFlight::attach_locked(Ticket& leader) noexcept {
  leader.chain_ = std::exchange(leaders_of(leader.bucket_), &leader);
}

void SingleFlight::detach_locked(Ticket& leader) noexcept {
  if (leader.detached_) return;
  leader.detached_ = true;
  Ticket** link = &leaders_of(leader.bucket_);
  while (*link != &leader) link = &(*link)->chain_;
  *link = leader.chain_;
}

SingleFlight::Role SingleFlight::join(std::string_view key, Ticket& ticket, Waker* waker) {
  const Role role = try_join(key, ticket, waker);
  if (role == Role::leader) count_led(ticket);
  return role;
}

void SingleFlight::count_led(const Ticket& ticket) noexcept {
  shard_of(ticket).led.fetch_add(1, std::memory_order_relaxed);
}

SingleFlight::Role SingleFlight::try_join(std::string_view key, Ticket& ticket, Waker* waker) {
  assert(ticket.flights_ == nullptr);
  ticket.bucket_ = bucket_of(key);
  ticket.key_ = key;
  ticket.waker_ = waker;
  ticket.told_ = false;
  ticket.detached_ = false;
  ticket.value_.reset();  // here, so that no lock is held where a value may be destroyed
  ticket.cause_ = Cause{};
  ticket.next_ = ticket.previous_ = &ticket;
  Shard& shard = shard_of(ticket);
  const std::lock_guard lock(shard.mutex);
  ticket.flights_ = this;
  Ticket* const leader = find_locked(ticket.bucket_, key);
  if (leader != nullptr && waker != nullptr) {
    ticket.standing_ = Ticket::Standing::waits;
    ticket.next_ = leader;
    ticket.previous_ = leader->previous_;
    leader->previous_->next_ = &ticket;
    leader->previous_ = &ticket;
    return Role::follower;
  }
  ticket.standing_ = leader == nullptr ? Ticket::Standing::leads : Ticket::Standing::alone;
  if (leader == nullptr) attach_locked(ticket);
  ticket.told_ = true;
  return Role::leader;
}

SingleFlight::Poll SingleFlight::poll(Ticket& ticket) {
  Poll poll;
  if (ticket.flights_ == nullptr) return poll;
  Shard& shard = shard_of(ticket);
  const std::lock_guard lock(shard.mutex);
  switch (ticket.standing_) {
    case Ticket::Standing::waits:
      poll.state = State::waiting;
      break;
    case Ticket::Standing::leads:
    case Ticket::Standing::alone:
      poll.state = State::leads;
      poll.counted = !std::exchange(ticket.told_, true);
      if (poll.counted) count_led(ticket);
      break;
    case Ticket::Standing::answered:
      poll.state = State::answered;
      poll.value = std::move(ticket.value_);
      poll.at = ticket.at_;
      ticket.flights_ = nullptr;
      // A leader found the answer by itself: it is no other caller's (see answer_all()).
      poll.counted = !ticket.told_;
      if (poll.counted) ++shard.counters.answered;
      break;
    case Ticket::Standing::failed:
      poll.state = State::failed;
      poll.cause = std::exchange(ticket.cause_, Cause{});
      ticket.flights_ = nullptr;
      poll.counted = true;
      ++shard.counters.failed;
      break;
  }
  return poll;
}

/// Ends the flight: each follower is taken out of the ring, settled and woken. Woken last, and its successor
/// read before: from then on it is its own again.
template <class Settle>
void SingleFlight::settle_followers_locked(Ticket& ticket, Settle settle) noexcept {
  if (ticket.standing_ != Ticket::Standing::leads) return;
  detach_locked(ticket);
  for (Ticket* follower = ticket.next_; follower != &ticket;) {
    Ticket* const next = follower->next_;
    follower->next_ = follower->previous_ = follower;
    settle(*follower);
    follower->waker_->wake();
    follower = next;
  }
  ticket.next_ = ticket.previous_ = &ticket;
}

void SingleFlight::answer_locked(Ticket& ticket, const std::shared_ptr<const void>& value,
                                 TimePoint at) noexcept {
  settle_followers_locked(ticket, [&](Ticket& follower) {
    follower.standing_ = Ticket::Standing::answered;
    follower.value_ = value;
    follower.at_ = at;
  });
}

void SingleFlight::take_off_locked(Ticket& ticket) noexcept {
  Ticket* const next = ticket.next_;
  next->previous_ = ticket.previous_;
  ticket.previous_->next_ = next;
  ticket.flights_ = nullptr;
  if (ticket.standing_ != Ticket::Standing::leads) return;
  const bool forgotten = ticket.detached_;
  detach_locked(ticket);
  if (next == &ticket) return;
  next->standing_ = Ticket::Standing::leads;
  next->detached_ = forgotten;
  if (!forgotten) attach_locked(*next);
  ++shard_of(ticket).counters.handed_over;
  next->waker_->wake();
}

void SingleFlight::finish(Ticket& ticket, const Cause& cause) {
  if (ticket.flights_ == nullptr) return;
  const std::lock_guard lock(shard_of(ticket).mutex);
  settle_followers_locked(ticket, [&](Ticket& follower) {
    follower.standing_ = Ticket::Standing::failed;
    follower.cause_ = cause;
  });
  take_off_locked(ticket);
}

void SingleFlight::finish_alone(Ticket& ticket) {
  if (ticket.flights_ == nullptr) return;
  const std::lock_guard lock(shard_of(ticket).mutex);
  settle_followers_locked(ticket, [](Ticket& follower) { follower.standing_ = Ticket::Standing::alone; });
  take_off_locked(ticket);
}

void SingleFlight::answer_all(Ticket& ticket, const std::shared_ptr<const void>& value, TimePoint at) {
  const std::lock_guard lock(shard_of(ticket).mutex);
  answer_locked(ticket, value, at);
  ticket.standing_ = Ticket::Standing::answered;
  ticket.value_ = value;
  ticket.at_ = at;
}

void SingleFlight::leave(Ticket& ticket) {
  if (ticket.flights_ == nullptr) return;
  const std::lock_guard lock(shard_of(ticket).mutex);
  take_off_locked(ticket);
}

void SingleFlight::forget_all() {
  for (std::size_t i = 0; i < shard_count; ++i) {
    const std::lock_guard lock(shards_[i].mutex);
    for (Ticket*& leaders : shards_[i].leaders) {
      while (leaders != nullptr) detach_locked(*leaders);
    }
  }
}

SingleFlightCounters SingleFlight::counters() const {
  SingleFlightCounters sum;
  for (std::size_t i = 0; i < shard_count; ++i) {
    const std::lock_guard lock(shards_[i].mutex);
    sum.led += shards_[i].led.load(std::memory_order_relaxed);
    sum.handed_over += shards_[i].counters.handed_over;
    sum.answered += shards_[i].counters.answered;
    sum.failed += shards_[i].counters.failed;
  }
  return sum;
}

}  // namespace switchgear
