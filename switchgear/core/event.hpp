// What policies tell their listeners. Here are a breaker's events: transitions with their evidence,
// rejections, and, if requested, every call's end; those of the other policies are in policy_event.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "switchgear/core/level.hpp"
#include "switchgear/core/outcome.hpp"
#include "switchgear/core/policy_event.hpp"
#include "switchgear/core/rejection.hpp"
#include "switchgear/core/state.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear {

/// What the sliding window held at one moment. `slow` and `high` stay 0 unless a rule needs them.
struct WindowSnapshot {
  std::uint64_t calls = 0;
  std::uint64_t failures = 0;
  std::uint64_t slow = 0;  ///< slower than `slow_call.threshold`
  std::uint64_t high = 0;  ///< at or above `latency.above`
  std::uint64_t consecutive_failures = 0;
  std::uint64_t failure_balance = 0;
  std::uint64_t extra_weight = 0;  ///< what the weights of the failures add to their number

  [[nodiscard]] double failure_rate() const noexcept { return ratio(failures); }
  /// As the rule has it: a failure of weight w counts as w failed calls.
  [[nodiscard]] double weighted_failure_rate() const noexcept {
    if (calls == 0) return 0;
    return static_cast<double>(failures + extra_weight) / static_cast<double>(calls + extra_weight);
  }
  [[nodiscard]] double slow_rate() const noexcept { return ratio(slow); }

 private:
  [[nodiscard]] double ratio(std::uint64_t part) const noexcept {
    return calls == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(calls);
  }
};

struct LastFailure {
  FailureType type = FailureType::exception;
  TimePoint at{};  ///< rounded down to 8 ns
};

/// A multi-level breaker has gone to another level, with the evidence for it.
struct LevelChange {
  BreakerLevel from = BreakerLevel::warning;
  BreakerLevel to = BreakerLevel::warning;
  LevelCause cause = LevelCause::escalated;
  TimePoint at{};
  /// Of an escalation: what made the level open. The calls of its window, a failure of weight w as w failed
  /// calls; or, in half-open, the probes that have come back.
  std::uint64_t calls = 0;
  std::uint64_t failed = 0;   ///< of these
  double escalate_above = 0;  ///< of an escalation
  Duration calm{};            ///< of a descent: for how long it was closed

  [[nodiscard]] double failure_rate() const noexcept {
    return calls == 0 ? 0.0 : static_cast<double>(failed) / static_cast<double>(calls);
  }
};

/// One change of state, with the evidence for it. Strings are borrowed from the breaker.
struct Transition {
  std::string_view breaker;
  State from = State::closed;
  State to = State::closed;
  std::uint64_t generation = 0;  ///< of the new state; orders the transitions of one breaker
  TimePoint at{};                ///< the instant it was due, which may be before it was noticed
  WallAnchor::Wall wall{};
  Rule rule = Rule::operator_command;
  /// What the rule saw, and its limit in the same unit. Ratios: failure_rate, slow_call; probe and recovered
  /// (failed / permitted probes). Counts: consecutive_failures, failure_balance, stuck_calls; health_check
  /// (answers in a row: bad ones if it opened the breaker, good ones if it ended an opening). Seconds:
  /// latency; open_duration (how long it was open, how long it was to be); max_wait (its length, twice);
  /// restored, to open (what is left of the opening, and its whole length). 0: operator. ramp: a ratio, of
  /// the calls of the step.
  double value = 0;
  double threshold = 0;
  WindowSnapshot window{};
  std::optional<LastFailure> last_failure{};
  std::optional<BreakerLevel> level{};      ///< of a multi-level breaker: in the new state
  std::optional<LevelChange> escalation{};  ///< that came with it
};

/// One refused call. Strings are borrowed from the breaker.
struct RejectionEvent {
  std::string_view breaker;
  State state = State::open;
  TimePoint at{};
  Rejection rejection{};
};

/// One admitted call that has ended, late ones too. Strings are borrowed from the breaker.
struct CallEvent {
  std::string_view breaker;
  Verdict verdict = Verdict::success;
  FailureType type = FailureType::exception;  ///< of a failure
  Duration latency{};                         ///< zero for a permit that was dropped
  bool slow = false;                          ///< slower than `slow_call.threshold`
  TimePoint at{};
};

/// What an adaptive breaker goes by has changed, or gone back to its options.
struct AdaptedEvent : PolicyEvent {
  std::uint32_t consecutive_failures = 0;  ///< from now on; 0: it has no such rule
  Duration open_duration{};                ///< from now on
  std::uint32_t samples = 0;               ///< that say so; 0: an operator's command has emptied them
  double failure_rate = 0;                 ///< of the samples
  std::optional<Duration> mean_latency{};  ///< of the successes among them
};

/// What the controller of a ramp decides at the end of a step.
enum class RampChange : std::uint8_t {
  grew,  ///< the step was good: a larger share of the calls is admitted
  fell,  ///< it was bad: back to the last share that was safe
  over,  ///< all calls were admitted, and the step was good
};

[[nodiscard]] constexpr std::string_view to_string(RampChange change) noexcept {
  constexpr std::array<std::string_view, 3> names{"grew", "fell", "over"};
  return names[static_cast<std::size_t>(change)];
}

/// The share that a breaker admits after a recovery has changed, or its ramp is over.
struct RampEvent : PolicyEvent {
  RampChange change = RampChange::grew;
  double share = 1;          ///< from now on
  double safe_share = 1;     ///< the last one at which a step was good
  std::uint32_t hold = 0;    ///< steps before it grows again
  std::uint64_t calls = 0;   ///< of the step that decided
  std::uint64_t failed = 0;  ///< of these: failures, and slow ones if there is a slow_call rule
};

/// A multi-level breaker has gone to another level. An escalation comes with a transition to open, and is
/// told after it.
struct LevelEvent : PolicyEvent {
  State state = State::closed;   ///< in which it is then
  std::uint64_t generation = 0;  ///< of that state; orders the changes of one breaker
  LevelChange change{};
};

/// Where policies send their events; each function is empty until it is overridden. Called after the new
/// state is published and outside any lock, on the thread whose call caused or noticed the event: so it may
/// call the policy, and should be quick. What it throws is dropped. Threads: called from any thread, several
/// at once; events of one breaker may overtake each other, `generation` orders them.
class EventSink {
 public:
  EventSink() = default;
  EventSink(const EventSink&) = delete;
  EventSink& operator=(const EventSink&) = delete;
  virtual ~EventSink() = default;

  // A breaker's.
  virtual void on_transition(const Transition& /*transition*/) {}
  /// Hands on to on_rejected(), unless it is overridden.
  virtual void on_rejection(const RejectionEvent& rejection) {
    on_rejected({{rejection.breaker, PolicyKind::circuit_breaker, rejection.at}, rejection.rejection});
  }
  /// Only from breakers that report calls (CircuitBreaker::tell_calls, Interest::calls).
  virtual void on_call(const CallEvent& /*call*/) {}

  virtual void on_adapted(const AdaptedEvent& /*adapted*/) {}
  virtual void on_ramp(const RampEvent& /*ramp*/) {}
  virtual void on_level(const LevelEvent& /*level*/) {}

  // Of the policies around it.
  virtual void on_retry(const RetryEvent& /*retry*/) {}
  virtual void on_gave_up(const GaveUpEvent& /*end*/) {}
  virtual void on_hedge(const HedgeEvent& /*hedge*/) {}
  virtual void on_timeout(const TimeoutEvent& /*timeout*/) {}
  virtual void on_fallback(const FallbackEvent& /*fallback*/) {}
  virtual void on_cache(const CacheEvent& /*cache*/) {}

  /// Any policy's.
  virtual void on_rejected(const RejectedEvent& /*rejected*/) {}
};

}  // namespace switchgear
