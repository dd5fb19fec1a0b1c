// A breaker's events: transitions with their evidence, rejections, and, if requested, every call's end.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "switchgear/core/outcome.hpp"
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

  [[nodiscard]] double failure_rate() const noexcept { return ratio(failures); }
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
  /// (failed / permitted probes). Counts: consecutive_failures, failure_balance, stuck_calls. Seconds:
  /// latency; open_duration (how long it was open, how long it was to be); max_wait (its length, twice);
  /// restored, to open (what is left of the opening, and its whole length). 0: operator.
  double value = 0;
  double threshold = 0;
  WindowSnapshot window{};
  std::optional<LastFailure> last_failure{};
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

/// Where a breaker sends its events. Called after the new state is published and outside any lock, on the
/// thread whose call caused or noticed the event: so it may call the breaker, and should be quick. What it
/// throws is dropped. Threads: called from any thread, several at once; events of one breaker may overtake
/// each other, `generation` orders them.
class EventSink {
 public:
  EventSink() = default;
  EventSink(const EventSink&) = delete;
  EventSink& operator=(const EventSink&) = delete;
  virtual ~EventSink() = default;

  virtual void on_transition(const Transition& transition) = 0;
  virtual void on_rejection(const RejectionEvent& /*rejection*/) {}
  /// Only from breakers that report calls (CircuitBreaker::tell_calls, Interest::calls).
  virtual void on_call(const CallEvent& /*call*/) {}
};

}  // namespace switchgear
