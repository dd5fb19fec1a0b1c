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
  std::list<QueuedCall> fresh;  // allocated before the lock
  fresh.push_back(QueuedCall{0, std::move(payload), now});
  const std::lock_guard lock(mutex_);
  if (calls_.size() >= options_.max) {
    ++counters_.refused;
    return std::nullopt;
  }
  fresh.front().id = next_id_++;
  calls_.splice(calls_.end(), fresh);
  ++counters_.stored;
  return calls_.back().id;
}

CallQueue::Head CallQueue::take_head_locked(std::uint64_t before) noexcept {
  if (head_held_) return {nullptr, true};
  if (calls_.empty() || calls_.front().id >= before) return {};
  head_held_ = true;
  return {&calls_.front(), false};
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
    drain_before_ = next_id_;
  }
  for (; result.done < at_most; ++result.done) {
    const Head head = take_next();
    if (head.call == nullptr) {
      result.end = head.busy ? DrainResult::End::busy : DrainResult::End::empty;
      return result;
    }
    Lease lease(*this, *head.call);  // left at the head unless done, also when the handler throws
    if (handler(*head.call) == Drained::again) {
      result.end = DrainResult::End::again;
      return result;
    }
    std::move(lease).done();
  }
  result.end = DrainResult::End::limit;
  return result;
}

void CallQueue::give_back(Drained what) noexcept {
  std::list<QueuedCall> gone;  // freed after the lock is released
  const std::lock_guard lock(mutex_);
  head_held_ = false;
  if (what == Drained::again) {
    ++counters_.again;
    return;
  }
  gone.splice(gone.end(), calls_, calls_.begin());
  ++counters_.done;
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
  const Head head = take_head_locked(next_id_);
  if (head.call == nullptr) return std::nullopt;
  return Lease(*this, *head.call);
}

std::size_t CallQueue::size() const {
  const std::lock_guard lock(mutex_);
  return calls_.size();
}

std::optional<Duration> CallQueue::oldest(TimePoint now) const {
  const std::lock_guard lock(mutex_);
  if (calls_.empty()) return std::nullopt;
  return std::max(Duration::zero(), saturating_sub(now, calls_.front().stored_at));
}

CallQueueCounters CallQueue::counters() const {
  const std::lock_guard lock(mutex_);
  CallQueueCounters now = counters_;
  now.waiting = calls_.size();
  return now;
}

}  // namespace switchgear
