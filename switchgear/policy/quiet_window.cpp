#include "switchgear/policy/quiet_window.hpp"

#include <algorithm>
#include <span>
#include <utility>
#include <variant>

namespace switchgear::detail {

namespace {

/// So many calls are repeated when a breaker becomes a whole one.
constexpr std::uint32_t longest_replay = 1'000;

void succeed(CircuitBreaker& breaker, TimePoint at) noexcept {
  if (auto permit = breaker.try_acquire(at))
    std::move(*permit).record(Outcome::success(Duration::zero()), at);
}

}  // namespace

QuietRules::QuietRules(const CircuitBreakerOptions& options) noexcept
    : slow_above_(options.slow_call ? options.slow_call->threshold : Duration::max()),
      high_from_(options.latency ? options.latency->above : Duration::max()) {
  if (options.needs_window()) {
    if (const auto* count = std::get_if<CountWindowOptions>(&options.window)) size_ = count->size;
    if (const auto* time = std::get_if<TimeWindowOptions>(&options.window)) duration_ = time->duration;
  }
  possible_ = !options.stuck_calls && size_ <= longest_replay;
}

bool QuietWindow::add(const QuietRules& rules, TimePoint now) noexcept {
  if (rules.duration_ == Duration::zero()) {
    count_ = std::min(count_ + 1, rules.size_);
    return true;
  }
  // A window never reaches further back than its duration.
  const auto old = std::ranges::find_if(std::span{times_.data(), count_}, [&](TimePoint at) {
    return saturating_sub(now, at) < rules.duration_;
  });
  const auto gone = static_cast<std::size_t>(std::distance(std::span{times_.data(), count_}.begin(), old));
  std::copy(times_.begin() + static_cast<std::ptrdiff_t>(gone),
            times_.begin() + static_cast<std::ptrdiff_t>(count_), times_.begin());
  count_ -= static_cast<std::uint32_t>(gone);
  if (count_ == most_times) return false;
  // Threads may read their clocks a little apart; a breaker takes an earlier time as the latest one.
  times_[count_] = count_ == 0 ? now : std::max(now, times_[count_ - 1]);
  ++count_;
  return true;
}

void QuietWindow::replay(const QuietRules& rules, CircuitBreaker& breaker, TimePoint now) const noexcept {
  for (std::uint32_t i = 0; i < count_; ++i)
    succeed(breaker, rules.duration_ == Duration::zero() ? now : times_[i]);
}

bool QuietWindow::take(const QuietRules& rules, const WindowSnapshot& window) noexcept {
  if (rules.duration_ != Duration::zero() && window.calls != 0)
    return false;  // it does not say when they were
  count_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(window.calls, rules.size_));
  return true;
}

TimePoint QuietWindow::begun(const QuietRules& rules, TimePoint now) const noexcept {
  return count_ == 0 || rules.duration_ == Duration::zero() ? now : std::min(now, times_[0]);
}

std::uint64_t QuietWindow::calls(const QuietRules& rules, TimePoint now) const noexcept {
  if (rules.duration_ == Duration::zero()) return count_;
  const std::span times{times_.data(), count_};
  return static_cast<std::uint64_t>(
      std::ranges::count_if(times, [&](TimePoint at) { return saturating_sub(now, at) < rules.duration_; }));
}

}  // namespace switchgear::detail
