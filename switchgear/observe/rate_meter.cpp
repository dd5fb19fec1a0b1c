#include "switchgear/observe/rate_meter.hpp"

namespace switchgear {

CallRates RateMeter::sample(const CallCounts& totals, TimePoint now) noexcept {
  if (size_ > 0) {
    const Sample& latest = nth(size_ - 1);
    if (totals.calls < latest.totals.calls || totals.failures < latest.totals.failures ||
        totals.rejected < latest.totals.rejected) {
      size_ = 0;
      rates_ = {};
    } else if (now <= latest.at) {
      return rates_;
    }
  }
  if (size_ == capacity) {
    first_ = (first_ + 1) % capacity;
    --size_;
  }
  nth(size_++) = {now, totals};
  while (size_ > 2 && saturating_sub(now, nth(1).at) >= span_) {
    first_ = (first_ + 1) % capacity;
    --size_;
  }
  if (size_ > 1) {
    const Sample& base = nth(0);
    const double seconds = to_seconds(saturating_sub(now, base.at));
    rates_.calls = static_cast<double>(totals.calls - base.totals.calls) / seconds;
    rates_.failures = static_cast<double>(totals.failures - base.totals.failures) / seconds;
    rates_.rejected = static_cast<double>(totals.rejected - base.totals.rejected) / seconds;
  }
  return rates_;
}

}  // namespace switchgear
