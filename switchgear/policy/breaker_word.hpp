// State, flags and generation of a circuit breaker in one word, so that one atomic load shows all three as
// they were at one moment.
#pragma once

#include <cstdint>
#include <optional>

#include "switchgear/core/level.hpp"
#include "switchgear/core/state.hpp"

namespace switchgear {

/// One period in one state: a generation and its state. A permit keeps it, to know later whether its result
/// still belongs to the breaker's current period.
class BreakerEra {
 public:
  explicit constexpr BreakerEra(std::uint64_t bits) noexcept : bits_(bits) {}

  [[nodiscard]] constexpr std::uint64_t bits() const noexcept { return bits_; }
  [[nodiscard]] constexpr std::uint64_t generation() const noexcept { return bits_ >> state_bits; }
  [[nodiscard]] constexpr State state() const noexcept { return static_cast<State>(bits_ & state_mask); }
  /// Whether a permit of this era is a probe's.
  [[nodiscard]] constexpr bool is_probe() const noexcept { return state() == State::half_open; }

  friend constexpr bool operator==(BreakerEra, BreakerEra) noexcept = default;

 private:
  friend class BreakerWord;
  static constexpr unsigned state_bits = 3;
  static constexpr std::uint64_t state_mask = 7;

  std::uint64_t bits_;  ///< generation (52 bits), state (3)
};

/// The word: the era above nine bits of flags, of which two are the level of a multi-level breaker.
class BreakerWord {
 public:
  static constexpr std::uint64_t tracked = 1;       ///< a stuck_calls rule needs every call in flight
  static constexpr std::uint64_t ramping = 2;       ///< closed, but only a share of the calls is admitted
  static constexpr std::uint64_t metrics_only = 4;  ///< nothing is refused
  static constexpr std::uint64_t told = 8;          ///< the sink hears of every call's end
  static constexpr std::uint64_t adaptive = 16;     ///< every call is a sample
  static constexpr std::uint64_t controlled = 32;   ///< ramping by its calls: each is booked in a step
  /// Of a multi-level breaker, above its first level: the thresholds are other ones, and calm brings it down.
  static constexpr std::uint64_t raised = 128;
  static constexpr std::uint64_t leveled = 64 | raised;  ///< the level's number + 1; 0: it has no levels
  static constexpr std::uint64_t advised = 256;          ///< the fleet advises: look when its advice ends
  /// Flags that a transition keeps.
  static constexpr std::uint64_t lasting = tracked | metrics_only | told | adaptive | advised;

  explicit constexpr BreakerWord(std::uint64_t bits) noexcept : bits_(bits) {}
  constexpr BreakerWord(std::uint64_t generation, State state, std::uint64_t flags) noexcept
      : bits_(generation << (flag_bits + BreakerEra::state_bits) |
              static_cast<std::uint64_t>(state) << flag_bits | flags) {}

  [[nodiscard]] constexpr std::uint64_t bits() const noexcept { return bits_; }
  [[nodiscard]] constexpr BreakerEra era() const noexcept { return BreakerEra{bits_ >> flag_bits}; }
  [[nodiscard]] constexpr State state() const noexcept { return era().state(); }
  [[nodiscard]] constexpr std::uint64_t generation() const noexcept { return era().generation(); }
  [[nodiscard]] constexpr bool has(std::uint64_t flag) const noexcept { return (bits_ & flag) != 0; }

  [[nodiscard]] static constexpr std::uint64_t bits_of(BreakerLevel level) noexcept {
    return (static_cast<std::uint64_t>(level) + 1) << first_level_bit;
  }
  [[nodiscard]] constexpr std::optional<BreakerLevel> level() const noexcept {
    if (!has(leveled)) return std::nullopt;
    return static_cast<BreakerLevel>(((bits_ & leveled) >> first_level_bit) - 1);
  }

  /// Closed, and nothing to do for an acquire but to count it.
  [[nodiscard]] constexpr bool admits_plainly() const noexcept {
    return closed_without(tracked | ramping | raised | advised);
  }
  /// Closed, and nothing to do for a success but to book it.
  [[nodiscard]] constexpr bool books_plainly() const noexcept {
    return closed_without(tracked | told | adaptive | controlled | raised);
  }
  /// Open, and a refusal says only that.
  [[nodiscard]] constexpr bool open_plainly() const noexcept {
    return (bits_ & (metrics_only | leveled | state_mask)) == static_cast<std::uint64_t>(State::open)
                                                                  << flag_bits;
  }

  friend constexpr bool operator==(BreakerWord, BreakerWord) noexcept = default;

 private:
  static constexpr unsigned flag_bits = 9;
  static constexpr unsigned first_level_bit = 6;
  static constexpr std::uint64_t state_mask = BreakerEra::state_mask << flag_bits;

  /// Closed, and without these flags.
  [[nodiscard]] constexpr bool closed_without(std::uint64_t unwanted) const noexcept {
    static_assert(static_cast<int>(State::closed) == 0);
    return (bits_ & (state_mask | unwanted)) == 0;
  }

  std::uint64_t bits_;
};

}  // namespace switchgear
