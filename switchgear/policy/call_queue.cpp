#include "switchgear/policy/call_queue.hpp"

#include <algorithm>

#include "switchgear/policy/option_checker.hpp"

namespace switchgear {

namespace {
constexpr std::size_t most = 100'000'000;
}

std::vector<OptionProblem> validate(const CallQueueOptions& options) {
  OptionChecker check;
  check.between("max", options.max, 1, most);
  return check.take();
}

CallQueue::CallQueue(std::string name, const CallQueueOptions& options)
    : name_(std::move(name)), options_(options) {
  require_valid("queue", name_, validate(options_));
}
CallQueue::~CallQueue() = default;

std::optional<std::uint64_t> CallQueue::try_push(std::string payload, TimePoint now) {
  std::list<Entry> fresh;  // allocated before the lock
  fresh.push_back(Entry{{0, std::move(payload), now}, 0});
  const std::lock_guard lock(mutex_);
  if (calls_.size() >= options_.max) {
    ++counters_.refused;
    return std::nullopt;
  }
  fresh.front().call.id = next_id_++;
  fresh.front().turn = next_turn_++;
  calls_.splice(calls_.end(), fresh);
  ++counters_.stored;
  return calls_.back().call.id;
}

CallQueue::Head CallQueue::take_head_locked(std::uint64_t before) noexcept {
  if (head_held_) return {nullptr, true};
  if (calls_.empty() || calls_.front().turn >= before) return {};
  head_held_ = true;
  QueuedCall& head = calls_.front().call;
  ++head.handed_out;
  return {&head, false};
}

DrainResult CallQueue::drain(const std::function<Drained(const QueuedCall&)>& handler, std::size_t at_most) {
  DrainResult result;
  const auto take_next = [this] {
    const std::lock_guard lock(mutex_);
    return take_head_locked(drain_before_);
  };
  {
    // Shared by all drains: one that finds the head held leaves its part to the drain that holds it.
    const std::lock_guard lock(mutex_);
    drain_before_ = next_turn_;
  }
  while (result.done < at_most) {
    const Head head = take_next();
    if (head.call == nullptr) {
      result.end = head.busy ? DrainResult::End::busy : DrainResult::End::empty;
      return result;
    }
    Lease lease(*this, *head.call);  // left at the head unless done, also when the handler throws
    switch (handler(*head.call)) {
      case Drained::again:
        result.end = DrainResult::End::again;
        return result;
      case Drained::later:
        std::move(lease).later();
        break;
      case Drained::done:
        std::move(lease).done();
        ++result.done;
        break;
    }
  }
  result.end = DrainResult::End::limit;
  return result;
}

void CallQueue::give_back(const QueuedCall& call, Drained what) noexcept {
  std::list<Entry> gone;  // freed after the lock is released
  const std::lock_guard lock(mutex_);
  head_held_ = false;
  if (what == Drained::again) {
    ++counters_.again;
    return;
  }
  // Nearly always the first.
  const auto held =
      std::find_if(calls_.begin(), calls_.end(), [&](const Entry& e) { return &e.call == &call; });
  switch (what) {
    case Drained::again:
      break;
    case Drained::later:
      held->turn = next_turn_++;
      calls_.splice(calls_.end(), calls_, held);
      ++counters_.later;
      break;
    case Drained::done:
      gone.splice(gone.end(), calls_, held);
      ++counters_.done;
      break;
  }
}

void CallQueue::set_max(std::size_t max) noexcept {
  const std::lock_guard lock(mutex_);
  options_.max = std::min(max, most);
}

CallQueueOptions CallQueue::options() const {
  const std::lock_guard lock(mutex_);
  return options_;
}

std::optional<CallQueue::Lease> CallQueue::try_lease() {
  const std::lock_guard lock(mutex_);
  const Head head = take_head_locked(next_turn_);
  if (head.call == nullptr) return std::nullopt;
  return Lease(*this, *head.call);
}

std::optional<CallQueue::Lease> CallQueue::try_lease(const std::function<bool(const QueuedCall&)>& suits) {
  const std::lock_guard lock(mutex_);
  if (head_held_) return std::nullopt;
  const auto found =
      std::find_if(calls_.begin(), calls_.end(), [&](const Entry& entry) { return suits(entry.call); });
  if (found == calls_.end()) return std::nullopt;
  head_held_ = true;
  ++found->call.handed_out;
  return Lease(*this, found->call);
}

std::size_t CallQueue::size() const {
  const std::lock_guard lock(mutex_);
  return calls_.size();
}

std::optional<Duration> CallQueue::oldest(TimePoint now) const {
  const std::lock_guard lock(mutex_);
  if (calls_.empty()) return std::nullopt;
  return std::max(Duration::zero(), saturating_sub(now, calls_.front().call.stored_at));
}

CallQueueCounters CallQueue::counters() const {
  const std::lock_guard lock(mutex_);
  CallQueueCounters now = counters_;
  now.waiting = calls_.size();
  return now;
}

}  // namespace switchgear
