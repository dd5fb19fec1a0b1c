#include "switchgear/policy/evidence.hpp"

#include <algorithm>
#include <bit>
#include <mutex>
#include <variant>

namespace switchgear {

namespace {

std::unique_ptr<CountWindow> count_window(const CircuitBreakerOptions& options, std::uint32_t stripes) {
  const auto* wanted = std::get_if<CountWindowOptions>(&options.window);
  if (!options.needs_window() || wanted == nullptr) return nullptr;
  const CountWindow::Keeps keeps{options.latency.has_value(), options.weights.any()};
  return std::make_unique<CountWindow>(*wanted, keeps, stripes);
}

std::unique_ptr<TimeWindow> time_window(const CircuitBreakerOptions& options, CallCells& cells) {
  const auto* wanted = std::get_if<TimeWindowOptions>(&options.window);
  if (!options.needs_window() || wanted == nullptr) return nullptr;
  return std::make_unique<TimeWindow>(*wanted, options.latency.has_value(), cells, cells.owned());
}

static_assert(max_thread_slots <= 64, "a stripe is a bit of granted_");

}  // namespace

Evidence::Evidence(const CircuitBreakerOptions& options, CallCells& cells, const Adaptation* adaptation,
                   const BreakerLevels* levels)
    : Evidence(options, levels != nullptr ? levels->widest() : options, cells, adaptation) {}

Evidence::Evidence(const CircuitBreakerOptions& options, const CircuitBreakerOptions& widest,
                   CallCells& cells, const Adaptation* adaptation)
    : cells_(cells),
      count_window_(count_window(widest, cells.owned())),
      time_window_(time_window(widest, cells)),
      bounds_(options),
      grants_(widest.needs_window() && !widest.consecutive_failures && !widest.failure_balance),
      adaptation_(adaptation),
      options_(&options) {}

// --- quiescence

inline void Evidence::quiesce() const noexcept {
  if (granted_ == 0) return;
  for (std::uint64_t left = granted_; left != 0; left &= left - 1) {
    allowance(static_cast<std::uint32_t>(std::countr_zero(left))).revoke();
  }
  for (std::uint64_t left = granted_; left != 0; left &= left - 1) {
    const bool used = allowance(static_cast<std::uint32_t>(std::countr_zero(left))).settle();
    if (!used) active_ &= ~(left & -left);
  }
  granted_ = 0;
}

inline bool Evidence::enough(const WindowCounts& seen) const noexcept {
  return seen.calls >= std::max<std::uint64_t>(options_->minimum_calls, 1);
}

inline bool Evidence::streak_holds() const noexcept {
  const std::uint32_t limit = streak_limit();
  return (limit != 0 && consecutive_failures_ >= limit) ||
         (options_->failure_balance && failure_balance_ >= *options_->failure_balance);
}

/// Says which calls need not be booked while quiescent from here on.
inline void Evidence::resume(const WindowCounts& seen, std::uint32_t marks_to_go) noexcept {
  const bool full = !count_window_ || count_window_->full();
  const bool minds_successes = time_window_ && seen.marked() && !enough(seen);
  const bool plain = (consecutive_failures_ | failure_balance_) == 0 && full && !minds_successes;
  const std::uint64_t plain_for = plain ? generation_ : 0;
  if (plain_for_.load(std::memory_order_relaxed) != plain_for) {
    plain_for_.store(plain_for, std::memory_order_release);
  }
  if (!grants_ || !plain || active_ == 0 || !enough(seen) || marks_to_go < 2) return;
  // The threads together may book one marked call fewer than it takes.
  const std::uint32_t share = (marks_to_go - 1) / static_cast<std::uint32_t>(std::popcount(active_));
  if (share == 0) return;
  for (std::uint64_t left = active_; left != 0; left &= left - 1) {
    allowance(static_cast<std::uint32_t>(std::countr_zero(left))).grant(generation_, share);
  }
  granted_ = active_;
}

void Evidence::start(std::uint64_t generation, TimePoint now, const CircuitBreakerOptions* options) noexcept {
  const std::scoped_lock hold(lock_);
  quiesce();
  if (options != nullptr) {
    options_ = options;
    bounds_ = TripBounds{*options};
  }
  generation_ = generation;
  consecutive_failures_ = failure_balance_ = 0;
  active_ = 0;
  if (count_window_) count_window_->start();
  if (time_window_) time_window_->start(generation, now);
  resume({}, 0);
}

// --- booking

inline bool Evidence::try_add_allowed(CallCell& cell, std::uint64_t generation, const CallMarks& marks,
                                      TimePoint now) noexcept {
  if (!grants_ || cell.shared || marks.plain() || (time_window_ && time_window_->must_roll(now)))
    return false;
  const std::uint32_t stripe = cells_.index_of(cell);
  Allowance& allowed = allowance(stripe);
  if (!allowed.enter(generation)) return false;
  if (count_window_) {
    count_window_->add_allowed(stripe, marks);
  } else {
    time_window_->add_allowed(stripe, marks);
  }
  allowed.leave();
  return true;
}

inline void Evidence::count_streaks(const CallMarks& marks) noexcept {
  if (options_->consecutive_failures) consecutive_failures_ = marks.failed ? consecutive_failures_ + 1 : 0;
  if (!options_->failure_balance) return;
  if (marks.failed) {
    failure_balance_ += 1 + std::uint64_t{marks.extra};
  } else if (failure_balance_ > 0) {
    --failure_balance_;
  }
}

/// Returns the window with the call in it.
inline WindowCounts Evidence::book(CallCell& cell, const CallMarks& marks, TimePoint now) noexcept {
  count_streaks(marks);
  if (!count_window_ && !time_window_) return {};
  // While quiescent any stripe may be written: a thread without one of its own uses the first.
  const std::uint32_t stripe = cell.shared ? 0 : cells_.index_of(cell);
  if (!cell.shared && !marks.plain()) active_ |= std::uint64_t{1} << stripe;
  if (count_window_) {
    count_window_->add(stripe, marks);
    return count_window_->seen();
  }
  time_window_->add(cell, stripe, marks, now);
  return time_window_->counts();
}

bool Evidence::add(CallCell& cell, std::uint64_t generation, const CallMarks& marks, TimePoint now,
                   std::optional<TrippedRule>& tripped) noexcept {
  if (try_add_allowed(cell, generation, marks, now)) return true;
  const std::scoped_lock hold(lock_);
  if (generation != generation_) return false;
  // Whoever held the lock meanwhile may have granted anew; to take that back at once would make the others
  // come too.
  if (granted_ != 0 && try_add_allowed(cell, generation, marks, now)) return true;
  quiesce();
  const WindowCounts seen = book(cell, marks, now);
  const std::uint32_t marks_to_go = bounds_.marks_to_go(seen);
  const bool rate_may_hold = marks_to_go == 0 && (options_->failure_rate_confidence || enough(seen));
  if (rate_may_hold || streak_holds()) [[unlikely]] {
    tripped = judge(seen);
  }
  resume(seen, marks_to_go);
  return true;
}

bool Evidence::add_to_streaks(std::uint64_t generation, const CallMarks& marks,
                              std::optional<TrippedRule>& tripped) noexcept {
  const std::scoped_lock hold(lock_);
  if (generation != generation_) return false;
  quiesce();
  count_streaks(marks);
  WindowCounts seen;
  if (count_window_) seen = count_window_->seen();
  if (time_window_) seen = time_window_->counts();
  if (streak_holds()) [[unlikely]]
    tripped = judge(seen);
  resume(seen, bounds_.marks_to_go(seen));
  return true;
}

std::optional<TrippedRule> Evidence::judge(const WindowCounts& seen) const noexcept {
  std::optional<TrippedRule> tripped = first_rule_that_holds(*options_, streak_limit(), snapshot_of(seen));
  if (tripped && tripped->rule == Rule::latency) {
    const double quantile = options_->latency->quantile;
    const Duration shown =
        count_window_ ? count_window_->quantile(quantile) : time_window_->quantile(quantile);
    tripped->value =
        std::max(to_seconds(shown), tripped->threshold);  // the rule holds: the true value is no less
  }
  return tripped;
}

// --- looking

WindowSnapshot Evidence::snapshot_of(const WindowCounts& counts) const noexcept {
  return {counts.calls,          counts.failures,  counts.slow, counts.high,
          consecutive_failures_, failure_balance_, counts.extra};
}

WindowSnapshot Evidence::latest() const noexcept { return at(TimePoint::min()); }

WindowSnapshot Evidence::at(TimePoint now) const noexcept {
  const std::scoped_lock hold(lock_);
  quiesce();  // the next marked call of each thread is booked while quiescent and grants anew
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
