#include "app/gateway/queue_turns.hpp"

#include <algorithm>
#include <utility>

namespace switchgear::gateway {

namespace {

[[nodiscard]] Duration pause_after(std::uint32_t times) noexcept {
  Duration pause = QueueTurns::shortest_pause;
  for (std::uint32_t i = 1; i < times && pause < QueueTurns::longest_pause; ++i) pause *= 2;
  return std::min(pause, QueueTurns::longest_pause);
}

}  // namespace

bool QueueTurns::may_begin(const Seen* breaker, TimePoint now) {
  const State state =
      breaker == nullptr || breaker->state == State::disabled ? State::closed : breaker->state;
  const State before = std::exchange(state_, state);
  if (state == State::forced_open) return false;
  if (state == State::closed) {
    if (before != State::closed) {
      next_ = now;
      pause_ = shortest_pause;
      troubled_ = false;
    }
    if (breaker != nullptr) {
      worked_ = now;
      rejected_ = breaker->rejected;
    }
    turn_.reset();
    others_call_ = false;
    return now >= next_;
  }
  if (state == State::open) {
    look_at_opening(*breaker, now);
  } else if (before != State::half_open) {  // not by a stored call
    others_call_ |= breaker->probes != 0;
    if (!turn_ || *turn_ <= now) turn_ = stand_back(now);
  }
  return now >= next_ && turn_ && now >= *turn_;
}

/// A new opening has another beginning.
void QueueTurns::look_at_opening(const Seen& breaker, TimePoint now) noexcept {
  if (opened_ != breaker.since) {
    opened_ = breaker.since;
    turn_.reset();
    others_call_ = false;
  }
  others_call_ |= breaker.rejected > rejected_;
  if (breaker.left > Duration::zero() || turn_) return;
  rejected_ = breaker.rejected;
  turn_ = stand_back(now);
}

TimePoint QueueTurns::stand_back(TimePoint now) const noexcept {
  if (!others_call_) return now;
  return now + std::clamp(now - opened_, Duration::zero(), longest_standing_back);
}

std::optional<CallQueue::Lease> QueueTurns::take(CallQueue& queue, TimePoint now) {
  began_ = state_;
  auto taken = choose(queue, now);
  if (!taken) return taken;
  if (state_ == State::open) state_ = State::half_open;  // this call's doing
  const auto failed = failed_.find(taken->call().id);
  const bool half_open = began_ != State::closed;
  const bool known =
      failed != failed_.end() && (failed->second.last <= worked_ || (half_open && worked_ > opened_));
  doubted_ = known || (others_call_ && half_open);
  return taken;
}

std::optional<CallQueue::Lease> QueueTurns::choose(CallQueue& queue, TimePoint now) const {
  if (failed_.empty()) return queue.try_lease();
  if (state_ == State::closed && !troubled_) return take_ready(queue, now);
  auto fresh = queue.try_lease([this](const QueuedCall& call) { return !failed_.contains(call.id); });
  if (fresh) return fresh;
  return state_ == State::closed ? take_ready(queue, now) : take_probe(queue, now);
}

std::optional<CallQueue::Lease> QueueTurns::take_ready(CallQueue& queue, TimePoint now) const {
  return queue.try_lease([this, now](const QueuedCall& call) {
    const auto failed = failed_.find(call.id);
    return failed == failed_.end() || failed->second.due <= now;
  });
}

/// Of calls that have all been answered badly.
std::optional<CallQueue::Lease> QueueTurns::take_probe(CallQueue& queue, TimePoint now) const {
  const auto order = [](const auto& one) { return std::pair{one.second.times, one.second.last}; };
  const auto least = std::ranges::min_element(failed_, {}, order);
  if (least->second.last + pause_after(least->second.times) > now) return std::nullopt;
  return queue.try_lease([id = least->first](const QueuedCall& call) { return call.id == id; });
}

void QueueTurns::end(CallQueue::Lease&& lease, End how, TimePoint now) {
  CallQueue::Lease held = std::move(lease);
  const std::uint64_t id = held.call().id;
  const bool closed = began_ == State::closed;
  switch (how) {
    case End::good:
      std::move(held).done();
      failed_.erase(id);
      worked_ = now;
      next_ = now;
      pause_ = shortest_pause;
      troubled_ = false;
      return;
    case End::refused:
      if (closed && held.call().handed_out % times_in_turn == 0) std::move(held).later();
      grow_pause(longest_pause, now);
      return;
    case End::bad:
      break;
  }
  Failed& failed = failed_[id];
  ++failed.times;
  failed.last = now;
  if (closed) {
    failed.due = now + pause_after(failed.times);
    if (failed.times % times_in_turn == 0) std::move(held).later();
  } else {
    others_call_ = false;  // if they did, the breaker would have their verdict by now
  }
  troubled_ = true;
  grow_pause(longest_between_calls, now);
}

void QueueTurns::grow_pause(Duration longest, TimePoint now) noexcept {
  next_ = now + std::min(pause_, longest);
  pause_ = std::min(2 * pause_, longest_pause);
}

}  // namespace switchgear::gateway
