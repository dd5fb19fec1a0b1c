#include "switchgear/telemetry/span_queue.hpp"

#include <algorithm>
#include <utility>

namespace switchgear::telemetry {

SpanQueue::SpanQueue(std::size_t most, std::size_t batch, std::function<void()> wake)
    : batch_(batch), wake_(std::move(wake)), ring_(most) {}

void SpanQueue::push(std::vector<Span>&& spans) noexcept {
  bool batch_is_full = false;
  {
    const std::lock_guard lock{mutex_};
    if (spans.size() > ring_.size() - waiting_) {
      dropped_ += spans.size();
      return;
    }
    const std::size_t before = waiting_;
    for (Span& each : spans) place(waiting_++) = std::move(each);
    batch_is_full = batch_ != 0 && before / batch_ != waiting_ / batch_;
  }
  if (batch_is_full && wake_) wake_();
}

std::vector<Span> SpanQueue::take(std::size_t most) {
  std::vector<Span> taken;
  taken.reserve(most);
  const std::lock_guard lock{mutex_};
  const std::size_t count = std::min(most, waiting_);
  for (std::size_t i = 0; i < count; ++i) taken.push_back(std::move(place(i)));
  if (count > 0) first_ = (first_ + count) % ring_.size();
  waiting_ -= count;
  return taken;
}

void SpanQueue::count_dropped(std::size_t spans) noexcept {
  const std::lock_guard lock{mutex_};
  dropped_ += spans;
}

SpanQueueFigures SpanQueue::figures() const {
  const std::lock_guard lock{mutex_};
  return {waiting_, dropped_};
}

}  // namespace switchgear::telemetry
