// Deadlines by the thousand: armed and disarmed in a few nanoseconds, none of them a system call.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "switchgear/core/time.hpp"

namespace switchgear::http {

class TimerWheel;

/// One deadline; part of the object that waits for it. Disarms itself when destroyed.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  [[nodiscard]] bool armed() const noexcept { return next_ != nullptr; }
  /// Precondition: armed().
  [[nodiscard]] TimePoint due() const noexcept { return due_; }

 protected:
  virtual ~Timer();
  /// The deadline has passed. The timer is disarmed; it may be armed again, or destroyed.
  virtual void on_timer(TimePoint now) = 0;

 private:
  friend class TimerWheel;
  Timer* previous_ = nullptr;
  Timer* next_ = nullptr;
  TimerWheel* wheel_ = nullptr;
  TimePoint due_{};
  std::uint16_t place_ = 0;
};

/// A hierarchical timing wheel (Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", 1987; scheme 7):
/// four wheels of 64 places, the finest turning every `tick`. Fires at or up to one tick after the deadline,
/// never before. Reads no clock: advance() gets the time. Threads: one.
class TimerWheel {
 public:
  static constexpr Duration tick = std::chrono::milliseconds{10};

  explicit TimerWheel(TimePoint now);
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;
  ~TimerWheel();

  /// Armed again: the old deadline is forgotten. O(1).
  void arm(Timer& timer, TimePoint due) noexcept;
  void disarm(Timer& timer) noexcept;

  /// Fires what is due.
  void advance(TimePoint now);

  /// When advance() has something to do next; that may be moving timers to a finer wheel. Empty when nothing
  /// is armed.
  [[nodiscard]] std::optional<TimePoint> next() const noexcept;

 private:
  static constexpr unsigned levels = 4;
  static constexpr unsigned bits = 6;
  static constexpr unsigned places = 1U << bits;

  // A place is a ring of timers; the ends of the ring are kept apart so that a timer needs no base class with
  // data.
  struct Place {
    Timer* first = nullptr;
  };

  void insert(Timer& timer) noexcept;
  void remove(Timer& timer) noexcept;
  [[nodiscard]] std::optional<std::uint64_t> next_tick() const noexcept;

  TimePoint origin_;
  std::uint64_t now_ = 0;  ///< ticks since origin_
  std::array<std::uint64_t, levels> occupied_{};
  std::array<Place, std::size_t{levels} * places> wheel_{};
};

}  // namespace switchgear::http
