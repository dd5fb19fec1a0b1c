#include "switchgear/policy/ramp_controller.hpp"

#include <algorithm>

namespace switchgear {

namespace {

/// A share that has failed again and again is tried ever more seldom, and still sometimes.
constexpr std::uint32_t longest_hold = 64;

}  // namespace

void RampController::start(TimePoint at) noexcept {
  runs_ = true;
  share_.store(options_.from, std::memory_order_relaxed);
  began_.store(at.time_since_epoch().count(), std::memory_order_relaxed);
  safe_ = options_.from;
  falls_ = 0;
  hold_ = 0;
  step_ = {};
}

Duration RampController::wait(TimePoint now) const noexcept {
  const Duration step = options_.step();
  return step - std::max(saturating_sub(now, began()), Duration::zero()) % step;
}

void RampController::add(const CallMarks& marks, TimePoint now) noexcept {
  if (saturating_add(now, -marks.latency) < began()) return;
  ++step_.calls;
  step_.failures += marks.failed ? 1 : 0;
  step_.slow += marks.slow ? 1 : 0;
  step_.high += marks.high ? 1 : 0;
  step_.extra += marks.extra;
  step_.failed += marks.failed || marks.slow ? 1 : 0;
}

std::optional<TimePoint> RampController::due() const noexcept {
  if (!runs_ || step_.calls < options_.controller->minimum) return std::nullopt;
  return saturating_add(began(), options_.step());
}

bool RampController::is_bad() const noexcept {
  const double rate = static_cast<double>(step_.failed) / static_cast<double>(step_.calls);
  return step_.failed > 0 && rate >= options_.controller->max_failure_rate;
}

RampDecision RampController::decide(TimePoint at) noexcept {
  RampDecision made;
  made.calls = step_.calls;
  made.failed = step_.failed;
  if (!is_bad()) {
    succeed(made);
  } else if (share() <= options_.from) {
    made.opens = true;
    return made;  // the step stays, as the evidence
  } else {
    fall_back(made);
  }
  made.share = share();
  made.safe_share = safe_;
  made.hold = hold_;
  began_.store(at.time_since_epoch().count(), std::memory_order_relaxed);
  step_ = {};
  return made;
}

void RampController::succeed(RampDecision& made) noexcept {
  safe_ = share();
  if (safe_ >= 1) {
    made.change = RampChange::over;
    runs_ = false;
    return;
  }
  if (hold_ > 0) --hold_;
  if (hold_ > 0) return;
  made.change = RampChange::grew;
  share_.store(std::min(1.0, safe_ * options_.controller->growth), std::memory_order_relaxed);
}

void RampController::fall_back(RampDecision& made) noexcept {
  // A share that was safe may be so no more.
  if (safe_ >= share()) safe_ = std::max(options_.from, share() / options_.controller->growth);
  made.change = RampChange::fell;
  share_.store(safe_, std::memory_order_relaxed);
  falls_ = std::min(falls_ + 1, longest_hold);
  hold_ = falls_ < 6 ? 1U << falls_ : longest_hold;
}

RampFigures RampController::figures() const noexcept {
  return {share(), safe_, hold_, step_.calls, step_.failed};
}

void RampController::show_step(WindowSnapshot& window) const noexcept {
  window.calls = step_.calls;
  window.failures = step_.failures;
  window.slow = step_.slow;
  window.high = step_.high;
  window.extra_weight = step_.extra;
}

}  // namespace switchgear
