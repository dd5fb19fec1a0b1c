#include "switchgear/policy/opened_values.hpp"

#include <algorithm>

namespace switchgear::detail {

void OpenedValues::changed(AwakeValue& value, const Transition& transition) {
  if (!follow(value, transition.at)) {
    untold_.fetch_add(1, std::memory_order_relaxed);
  } else if (sink_ != nullptr) {
    sink_->on_transition(transition);
  }
}

void OpenedValues::refused(const AwakeValue& value, const RejectionEvent& rejection) {
  if (sink_ != nullptr && value.told.load(std::memory_order_relaxed)) sink_->on_rejection(rejection);
}

void OpenedValues::adapted(const AwakeValue& value, const AdaptedEvent& adapted) {
  if (sink_ != nullptr && value.told.load(std::memory_order_relaxed)) sink_->on_adapted(adapted);
}

void OpenedValues::ramped(AwakeValue& value, const RampEvent& ramp) {
  if (sink_ != nullptr && value.told.load(std::memory_order_relaxed)) sink_->on_ramp(ramp);
  if (ramp.change != RampChange::over) return;
  const std::scoped_lock lock{mutex_};
  if (!value.listed && !is_on_its_way_back(value, ramp.at)) end_telling_locked(value);
}

void OpenedValues::leveled(AwakeValue& value, const LevelEvent& level) {
  if (sink_ != nullptr && value.told.load(std::memory_order_relaxed)) sink_->on_level(level);
  const std::scoped_lock lock{mutex_};
  value.last_level = level.change.to;
  if (!value.listed && !is_on_its_way_back(value, level.at)) end_telling_locked(value);
}

/// Closed, and still to be told of: in a controlled ramp, above the first level, or a moment ago.
bool OpenedValues::is_on_its_way_back(const AwakeValue& value, TimePoint now) noexcept {
  const BreakerSnapshot seen = value.breaker.snapshot(now);
  return seen.state == State::closed && (seen.ramp || value.last_level != BreakerLevel::warning ||
                                         (seen.level && seen.level->level != BreakerLevel::warning));
}

void OpenedValues::end_telling_locked(AwakeValue& value) noexcept {
  if (value.told.exchange(false, std::memory_order_relaxed)) --told_;
}

/// Returns whether the transition is told of. Of two that overtake each other, the later one to arrive finds
/// the state that both led to.
bool OpenedValues::follow(AwakeValue& value, TimePoint now) noexcept {
  const std::scoped_lock lock{mutex_};
  const bool closed = value.breaker.state() == State::closed;
  if (!closed && !value.listed) add_locked(value);
  const bool told = value.told.load(std::memory_order_relaxed);
  if (closed && value.listed) {
    remove_locked(value);
    if (!is_on_its_way_back(value, now)) end_telling_locked(value);
  }
  return told;
}

void OpenedValues::forget(AwakeValue& value) noexcept {
  const std::scoped_lock lock{mutex_};
  if (value.listed) remove_locked(value);
  end_telling_locked(value);
}

std::size_t OpenedValues::count() const noexcept {
  const std::scoped_lock lock{mutex_};
  return count_;
}

std::vector<OpenedValue> OpenedValues::first(std::size_t most, TimePoint now) const {
  std::vector<OpenedValue> list;
  const std::scoped_lock lock{mutex_};
  list.reserve(std::min(most, count_));
  for (const AwakeValue* value = oldest_; value != nullptr && list.size() < most; value = value->newer)
    list.push_back({value->breaker.name(), value->breaker.snapshot(now)});
  return list;
}

void OpenedValues::add_locked(AwakeValue& value) noexcept {
  value.listed = true;
  value.older = newest_;
  value.newer = nullptr;
  (newest_ == nullptr ? oldest_ : newest_->newer) = &value;
  newest_ = &value;
  ++count_;
  if (told_ == most_told_ || value.told.load(std::memory_order_relaxed)) return;
  ++told_;
  value.told.store(true, std::memory_order_relaxed);
}

void OpenedValues::remove_locked(AwakeValue& value) noexcept {
  value.listed = false;
  (value.older == nullptr ? oldest_ : value.older->newer) = value.newer;
  (value.newer == nullptr ? newest_ : value.newer->older) = value.older;
  --count_;
}

}  // namespace switchgear::detail
