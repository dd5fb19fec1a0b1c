// The probes of one half-open period: which may start, which are out and since when, what came back, and what
// that decides. Invariants, between any two calls:
//
//   1. recorded + in_flight ≤ permitted, in_flight ≤ max_concurrent, failed ≤ recorded.
//   2. A number names one permit of the round: that of a probe that was given up is never handed out again,
//   so
//      its late permit cannot pass for another probe. Hence `permitted` places are enough: those that were
//      given up are among the recorded.
//   3. The probes that are out form a list by start, so the next one to be given up is at its head.
//
// Arithmetic only. Never here: a lock, a state, an event, a clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "switchgear/core/time.hpp"
#include "switchgear/policy/circuit_breaker_options.hpp"

namespace switchgear {

struct ProbeCounts {
  std::uint32_t permitted = 0;  ///< how many decide
  std::uint32_t in_flight = 0;  ///< without those that were given up
  std::uint32_t recorded = 0;   ///< came back as success or failure, or were given up
  std::uint32_t failed = 0;     ///< of `recorded`: failures, slow ones and those that were given up
};

enum class RoundVerdict : std::uint8_t { undecided, recovered, relapsed };

/// Not for: deciding when a round begins or what follows from its verdict (the breaker does).
/// Threads: one at a time. Allocates only when constructed: 16 bytes for each permitted probe. Every method
/// is O(1).
class ProbeRound {
 public:
  using Number = std::uint32_t;  ///< a probe that is out; below `permitted_calls`

  /// Begins with a round. Precondition: `options` are valid. They are borrowed.
  explicit ProbeRound(const HalfOpenOptions& options);
  explicit ProbeRound(HalfOpenOptions&&) = delete;

  /// A new round: nothing is out, nothing came back. Numbers of the round before mean nothing any more.
  void start() noexcept;

  /// How long no probe can start from `now` on; empty when one can. It is the rest of `probe_interval` when
  /// only that is in the way; otherwise the time until a probe is given up, and at most a second, because one
  /// may come back at any moment.
  [[nodiscard]] std::optional<Duration> blocked(TimePoint now) const noexcept;

  /// A probe starts. A `now` before the start of the latest one is read as that. Precondition: !blocked(now).
  [[nodiscard]] Number admit(TimePoint now) noexcept;

  enum class Result : std::uint8_t { passed, failed, ignored };

  /// A probe came back. `ignored` gives its place to another. False, and nothing changes, when it was given
  /// up before.
  [[nodiscard]] bool come_back(Number probe, Result result) noexcept;

  /// When the probe that has been out for longest will have been so for `max_wait`; TimePoint::max() when
  /// none is out, or not before the end of time.
  [[nodiscard]] TimePoint next_given_up() const noexcept;

  /// Counts that probe as failed. Precondition: one is out.
  void give_up_oldest() noexcept;

  /// The round's result. Once it is decided, only start() may follow.
  [[nodiscard]] RoundVerdict verdict() const noexcept;

  /// Failed / permitted.
  [[nodiscard]] double failure_rate() const noexcept { return share(counts_.failed); }
  [[nodiscard]] const ProbeCounts& counts() const noexcept { return counts_; }
  /// What it owns, without itself.
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
  struct Probe {
    TimePoint start;
    Number older, newer;  ///< neighbours among those that are out; `newer` also links free places
  };
  static constexpr Number none = ~Number{0};
  static constexpr Number given_up = none - 1;  ///< in `newer`

  void take_out(Number probe) noexcept;
  [[nodiscard]] double share(std::uint32_t failed) const noexcept {
    return static_cast<double>(failed) / static_cast<double>(options_.permitted_calls);
  }
  [[nodiscard]] bool relapses_with(std::uint32_t failed) const noexcept {
    return failed > 0 && share(failed) >= options_.max_failure_rate;
  }

  const HalfOpenOptions& options_;
  const std::unique_ptr<Probe[]> probes_;  ///< the first `touched_` were out at some time in this round
  Number touched_ = 0, free_ = none, oldest_ = none, newest_ = none;
  ProbeCounts counts_;
  std::optional<TimePoint> last_start_;
};

}  // namespace switchgear
