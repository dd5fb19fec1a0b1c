// Which stored call is made next, and when: one that the service always answers badly must hold up neither
// the other stored calls nor the service's breaker.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "switchgear/core/state.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/policy/call_queue.hpp"

namespace switchgear::gateway {

/// For one queue, whose calls are made one at a time:
///
///     while the breaker is  | next is                                        | a bad answer
///     ----------------------|------------------------------------------------|-----------------------------
///     closed                | the first whose own pause is over; after a bad | starts the call's own pause;
///                           | answer, first of all one without any           | every third puts it last
///     due, half-open        | the first without a bad answer, else the one   | makes another call the next
///                           | with the fewest, after its pause               | probe
///     open, and not due     | none                                           |
///
/// If the breaker has refused requests during its opening, others call the service too: they have the probe
/// first, for as long again as the breaker was open, up to a minute. A bad answer to a call that is_doubted()
/// says nothing new about the service.
///
/// Threads: one. Time must not run backwards.
class QueueTurns {
 public:
  enum class End : std::uint8_t {
    good,     ///< answered well: it leaves the queue
    refused,  ///< by a policy: it was not made
    bad,      ///< answered badly, or not at all
  };
  /// A breaker at one moment.
  struct Seen {
    State state = State::closed;
    TimePoint since{};           ///< when the state was entered
    Duration left{};             ///< of an opening
    std::uint64_t rejected = 0;  ///< since the breaker began
    std::uint64_t probes = 0;    ///< while half-open: under way or ended
  };

  static constexpr Duration shortest_pause = std::chrono::milliseconds{500};
  static constexpr Duration longest_pause = std::chrono::seconds{30};
  /// Between a bad answer to one call and another call.
  static constexpr Duration longest_between_calls = std::chrono::seconds{5};
  static constexpr Duration longest_standing_back = std::chrono::minutes{1};
  static constexpr std::uint32_t times_in_turn = 3;  ///< that a call is made before it goes behind the others

  /// Whether a call may begin. `breaker`: null without one. To be asked again and again, a few times a
  /// second.
  [[nodiscard]] bool may_begin(const Seen* breaker, TimePoint now);
  /// The call whose turn it is. Nothing: none is ready. Precondition: may_begin(), and the last call has
  /// ended.
  [[nodiscard]] std::optional<CallQueue::Lease> take(CallQueue& queue, TimePoint now);
  /// Of the call that was taken, if it has been answered badly: the service has worked since then, or since
  /// its breaker opened. Of any: others call the service and find out.
  [[nodiscard]] bool is_doubted() const noexcept { return doubted_; }
  /// Of the call that was taken.
  void end(CallQueue::Lease&& lease, End how, TimePoint now);
  /// When the next call may begin, if one is ready then.
  [[nodiscard]] TimePoint next() const noexcept { return next_; }

 private:
  struct Failed {
    std::uint32_t times = 0;
    TimePoint last{};
    TimePoint due = TimePoint::min();  ///< while the breaker is closed
  };

  [[nodiscard]] TimePoint stand_back(TimePoint now) const noexcept;
  void look_at_opening(const Seen& breaker, TimePoint now) noexcept;
  [[nodiscard]] std::optional<CallQueue::Lease> choose(CallQueue& queue, TimePoint now) const;
  [[nodiscard]] std::optional<CallQueue::Lease> take_ready(CallQueue& queue, TimePoint now) const;
  [[nodiscard]] std::optional<CallQueue::Lease> take_probe(CallQueue& queue, TimePoint now) const;
  void grow_pause(Duration longest, TimePoint now) noexcept;

  State state_ = State::closed;          ///< of the breaker at the last look
  std::uint64_t rejected_ = 0;           ///< by it before it opened
  TimePoint opened_{};                   ///< the latest opening's beginning
  std::optional<TimePoint> turn_;        ///< when stored calls may probe; none: the opening is not over
  bool others_call_ = false;             ///< requests were refused during the opening
  TimePoint worked_ = TimePoint::min();  ///< the latest sign that the service works
  TimePoint next_ = TimePoint::min();
  Duration pause_ = shortest_pause;
  bool troubled_ = false;  ///< the last call was answered badly
  bool doubted_ = false;
  State began_ = State::closed;                       ///< state_ when the call that was taken began
  std::unordered_map<std::uint64_t, Failed> failed_;  ///< calls that were answered badly, by id
};

}  // namespace switchgear::gateway
