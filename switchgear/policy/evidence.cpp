#include "switchgear/policy/evidence.hpp"

#include <algorithm>
#include <mutex>
#include <variant>

namespace switchgear {

Evidence::Evidence(const CircuitBreakerOptions& options, CallCells& cells)
    : options_(options),
      count_window_(options.needs_window() && std::holds_alternative<CountWindowOptions>(options.window)
                        ? std::make_unique<CountWindow>(std::get<CountWindowOptions>(options.window),
                                                        options.latency.has_value())
                        : nullptr),
      time_window_(options.needs_window() && std::holds_alternative<TimeWindowOptions>(options.window)
                       ? std::make_unique<TimeWindow>(std::get<TimeWindowOptions>(options.window),
                                                      options.latency.has_value(), cells)
                       : nullptr) {}

void Evidence::start(std::uint64_t generation, TimePoint now) noexcept {
  const std::scoped_lock hold(lock_);
  generation_ = generation;
  consecutive_failures_ = failure_balance_ = 0;
  if (count_window_) count_window_->start();
  if (time_window_) time_window_->start(generation, now);
  publish({});
}

void Evidence::count_streaks(bool failed) noexcept {
  if (options_.consecutive_failures) consecutive_failures_ = failed ? consecutive_failures_ + 1 : 0;
  if (!options_.failure_balance) return;
  if (failed) {
    ++failure_balance_;
  } else if (failure_balance_ > 0) {
    --failure_balance_;
  }
}

WindowSnapshot Evidence::snapshot_of(const WindowCounts& counts) const noexcept {
  return {counts.calls, counts.failures, counts.slow, counts.high, consecutive_failures_, failure_balance_};
}

WindowSnapshot Evidence::seen() noexcept {
  WindowCounts counts;
  if (count_window_) counts = count_window_->seen();
  if (time_window_) {
    counts = time_window_->seen();
    if (counts.bad() && counts.calls < options_.minimum_calls) counts = time_window_->counts();
  }
  return snapshot_of(counts);
}

void Evidence::publish(const WindowSnapshot& seen) noexcept {
  const bool bad = (seen.failures | seen.slow | seen.high) != 0;
  const bool plain = consecutive_failures_ == 0 && failure_balance_ == 0 &&
                     (!count_window_ || count_window_->full()) &&
                     !(time_window_ && bad && seen.calls < options_.minimum_calls);
  const std::uint64_t plain_for = plain ? generation_ : 0;
  if (plain_for_.load(std::memory_order_relaxed) != plain_for) {
    plain_for_.store(plain_for, std::memory_order_release);
  }
}

Evidence::Added Evidence::add(CallCell& cell, std::uint64_t generation, const CallMarks& marks,
                              TimePoint now) noexcept {
  WindowSnapshot seen;
  {
    const std::scoped_lock hold(lock_);
    if (generation != generation_) return {};
    count_streaks(marks.failed);
    if (count_window_) count_window_->add(marks);
    if (time_window_) time_window_->add(cell, marks, now);
    seen = this->seen();
    publish(seen);
  }
  const bool bad =
      (seen.failures | seen.slow | seen.high | seen.consecutive_failures | seen.failure_balance) != 0;
  return {true, bad ? judge(seen, generation) : std::nullopt};
}

std::optional<TrippedRule> Evidence::judge(const WindowSnapshot& seen, std::uint64_t generation) noexcept {
  std::optional<TrippedRule> tripped = first_rule_that_holds(options_, seen);
  if (!tripped) return tripped;
  const std::scoped_lock hold(lock_);
  if (generation != generation_) return std::nullopt;
  if (time_window_) {
    // `seen` may lack successes, which make every rate smaller: now exactly. Whatever was recorded meanwhile
    // overlaps the call that is being booked.
    tripped = first_rule_that_holds(options_, snapshot_of(time_window_->counts()));
  }
  if (tripped && tripped->rule == Rule::latency) {
    const double quantile = options_.latency->quantile;
    const Duration shown =
        count_window_ ? count_window_->quantile(quantile) : time_window_->quantile(quantile);
    tripped->value =
        std::max(to_seconds(shown), tripped->threshold);  // the rule holds: the true value is no less
  }
  return tripped;
}

WindowSnapshot Evidence::latest() const noexcept { return at(TimePoint::min()); }

WindowSnapshot Evidence::at(TimePoint now) const noexcept {
  const std::scoped_lock hold(lock_);
  WindowCounts counts;
  if (count_window_) counts = count_window_->counts();
  if (time_window_) counts = time_window_->counts_at(now);
  return snapshot_of(counts);
}

std::size_t Evidence::memory_bytes() const noexcept {
  std::size_t bytes = 0;
  if (count_window_) bytes += sizeof(CountWindow) + count_window_->memory_bytes();
  if (time_window_) bytes += sizeof(TimeWindow) + time_window_->memory_bytes();
  return bytes;
}

}  // namespace switchgear
