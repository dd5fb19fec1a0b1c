// What is under way of one call: attempts in the air, losers that have not gone yet, and the wait. No I/O and
// no clock; a driver keeps one beside its execution, starts and cancels what it says, and tells it what came
// back.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "switchgear/core/time.hpp"
#include "switchgear/pipeline/call.hpp"

namespace switchgear {

/// What a driver does with an attempt that has come back.
enum class Landing : std::uint8_t {
  in_time,   ///< report its outcome
  too_late,  ///< report a timeout, whatever came of it
  unwanted,  ///< forget it: its race is over. take_successor() may have an attempt for its place
};

/// At most `most` attempts at once. Each branch has one place: while a loser is still in it, the next attempt
/// of that branch is its successor, which begins when the loser has gone, unless its own time is over before.
/// Threads: one at a time. Never allocates.
template <std::size_t most>
class Flights {
 public:
  /// An attempt begins. False when a loser is still in its place: then it has become the successor.
  [[nodiscard]] bool try_launch(const Step& step, TimePoint now) noexcept {
    Flight& flight = flights_[step.branch];
    if (flight.state != State::landed) {
      flight.successor = step;
      return false;
    }
    flight = {State::in_the_air, false, now, step.until, std::nullopt};
    ++in_the_air_;
    return true;
  }

  /// An attempt came back while the driver was at work: take_landed() will name it.
  void note_landed(unsigned branch) noexcept {
    flights_[branch].noted = true;
    ++noted_;
  }
  [[nodiscard]] std::optional<unsigned> take_landed() noexcept {
    if (noted_ == 0) return std::nullopt;
    for (unsigned branch = 0; branch < most; ++branch) {
      if (!std::exchange(flights_[branch].noted, false)) continue;
      --noted_;
      return branch;
    }
    return std::nullopt;
  }

  /// An attempt has come back.
  Landing land(unsigned branch, TimePoint now) noexcept {
    Flight& flight = flights_[branch];
    const State was = std::exchange(flight.state, State::landed);
    --in_the_air_;
    if (was == State::lost) return Landing::unwanted;
    return was == State::overdue || now >= flight.deadline ? Landing::too_late : Landing::in_time;
  }
  [[nodiscard]] std::optional<Step> take_successor(unsigned branch) noexcept {
    return std::exchange(flights_[branch].successor, std::nullopt);
  }

  /// The losers of a race (Step::losers): cancels those that are in the air. A successor that never began is
  /// dropped instead of the loser in its place, which knows already.
  template <class Cancel>
  void drop(std::uint16_t losers, Cancel&& cancel) {
    for (unsigned branch = 0; branch < most; ++branch) {
      if ((losers >> branch & 1U) == 0 || take_successor(branch)) continue;
      if (flights_[branch].state == State::landed) continue;
      flights_[branch].state = State::lost;
      if (can_be_cancelled(branch)) cancel(branch);
    }
  }

  /// Cancels the attempts whose time is over; they are reported when they have landed. Returns the step of a
  /// successor that never got its place in time: a timeout to be reported at once, after which the rest is
  /// looked at again.
  template <class Cancel>
  [[nodiscard]] std::optional<Step> cut_off(TimePoint now, Cancel&& cancel) {
    for (unsigned branch = 0; branch < most; ++branch) {
      Flight& flight = flights_[branch];
      if (flight.successor && flight.successor->until <= now) return take_successor(branch);
      if (flight.state != State::in_the_air || flight.deadline > now) continue;
      flight.state = State::overdue;
      if (can_be_cancelled(branch)) cancel(branch);
    }
    return std::nullopt;
  }

  /// The execution's last word was `wait`, or was not.
  void wait(TimePoint until) noexcept {
    waiting_ = true;
    wait_until_ = until;
  }
  void stop_waiting() noexcept { waiting_ = false; }
  [[nodiscard]] bool waiting() const noexcept { return waiting_; }
  [[nodiscard]] bool wait_is_over(TimePoint now) const noexcept { return waiting_ && wait_until_ <= now; }

  /// The next instant at which there is something to do; max() when only an attempt's end brings that.
  [[nodiscard]] TimePoint next_due() const noexcept {
    TimePoint next = waiting_ ? wait_until_ : TimePoint::max();
    for (const Flight& flight : flights_) {
      if (flight.successor) next = std::min(next, flight.successor->until);
      if (flight.state == State::in_the_air) next = std::min(next, flight.deadline);
    }
    return next;
  }

  /// Whether an attempt is in the air, and no word of its end has come.
  [[nodiscard]] bool can_be_cancelled(unsigned branch) const noexcept {
    return flights_[branch].state != State::landed && !flights_[branch].noted;
  }
  /// Whether an attempt is in the air whose outcome matters.
  [[nodiscard]] bool is_wanted(unsigned branch) const noexcept {
    return flights_[branch].state == State::in_the_air;
  }
  /// Of one that is_wanted().
  void postpone(unsigned branch, TimePoint deadline) noexcept { flights_[branch].deadline = deadline; }
  [[nodiscard]] unsigned in_the_air() const noexcept { return in_the_air_; }
  [[nodiscard]] TimePoint started(unsigned branch) const noexcept { return flights_[branch].started; }

 private:
  enum class State : std::uint8_t {
    landed,  ///< or never begun
    in_the_air,
    overdue,  ///< cancelled because its time was over
    lost,     ///< its race is over
  };
  struct Flight {
    State state = State::landed;
    bool noted = false;
    TimePoint started{};
    TimePoint deadline = TimePoint::max();
    std::optional<Step> successor;
  };

  std::array<Flight, most> flights_;
  unsigned in_the_air_ = 0;
  unsigned noted_ = 0;
  bool waiting_ = false;
  TimePoint wait_until_{};
};

}  // namespace switchgear
