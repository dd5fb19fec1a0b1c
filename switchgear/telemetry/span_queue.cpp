#include "switchgear/telemetry/span_queue.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace switchgear::telemetry {

SpanQueue::SpanQueue(std::size_t most, std::size_t batch, std::function<void()> wake)
    : most_(most), batch_(batch), wake_(std::move(wake)) {
  waiting_.reserve(most_);  // so that push() never allocates
}

void SpanQueue::push(std::vector<Span>&& spans) noexcept {
  bool batch_is_full = false;
  {
    const std::lock_guard lock{mutex_};
    if (spans.size() > most_ - waiting_.size()) {
      dropped_ += spans.size();
      return;
    }
    const std::size_t before = waiting_.size();
    std::move(spans.begin(), spans.end(), std::back_inserter(waiting_));
    batch_is_full = batch_ != 0 && before / batch_ != waiting_.size() / batch_;
  }
  if (batch_is_full && wake_) wake_();
}

std::vector<Span> SpanQueue::take(std::size_t most) {
  std::vector<Span> taken;
  taken.reserve(most);
  const std::lock_guard lock{mutex_};
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(most, waiting_.size()));
  std::move(waiting_.begin(), end, std::back_inserter(taken));
  waiting_.erase(waiting_.begin(), end);
  return taken;
}

void SpanQueue::count_dropped(std::size_t spans) noexcept {
  const std::lock_guard lock{mutex_};
  dropped_ += spans;
}

SpanQueueFigures SpanQueue::figures() const {
  const std::lock_guard lock{mutex_};
  return {waiting_.size(), dropped_};
}

}  // namespace switchgear::telemetry
