// Whose time passes while a call is under way.
#pragma once

#include <cstdint>
#include <utility>

#include "switchgear/core/time.hpp"

namespace switchgear::gateway {

/// Only the upstream's share of a call's time is the upstream's fault. Reads no clock: it is told the time at
/// each look at the call. Threads: one.
class CallClock {
 public:
  enum class Waits : std::uint8_t {
    for_upstream,
    for_word,  ///< whether the client shall send its content, of which the upstream need say nothing
    for_client,
  };

  void begin(TimePoint now) noexcept {
    started_ = now_ = now;
    clients_share_ = silence_ = Duration::zero();
    waits_ = Waits::for_upstream;
  }
  /// A look begins: the time since the last one was spent as that one said.
  void look(TimePoint now) noexcept {
    const TimePoint before = std::exchange(now_, now);
    if (waits_ == Waits::for_client) clients_share_ += now - before;
    if (waits_ == Waits::for_word) silence_ += now - before;
  }
  void end_look(Waits waits) noexcept { waits_ = waits; }
  /// From here on, the shares are counted for a new attempt.
  void begin_attempt() noexcept { clients_share_ = silence_ = Duration::zero(); }
  /// No word has come, but an answer, or an end: the wait was for that.
  void end_silence() noexcept { silence_ = Duration::zero(); }

  [[nodiscard]] TimePoint now() const noexcept { return now_; }
  [[nodiscard]] TimePoint started() const noexcept { return started_; }
  [[nodiscard]] Duration clients_share() const noexcept { return clients_share_; }
  [[nodiscard]] Duration silence() const noexcept { return silence_; }

 private:
  TimePoint now_{};
  TimePoint started_{};
  Duration clients_share_{};  ///< of the time since the last attempt began
  Duration silence_{};        ///< the same, before the client was told to send its content
  Waits waits_ = Waits::for_upstream;
};

}  // namespace switchgear::gateway
