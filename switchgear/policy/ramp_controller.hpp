// The share of the calls that a breaker with a controlled ramp admits after a recovery. Time is cut into
// steps; at the end of each the share grows, stays, or falls back to the last one that was safe. The rules
// are in docs/semantics.md.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "switchgear/core/event.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/policy/ramp_options.hpp"
#include "switchgear/striped/mark_ring.hpp"

namespace switchgear {

/// Of a ramp that goes on.
struct RampFigures {
  double share = 0;          ///< of the calls that are admitted
  double safe_share = 0;     ///< the last one at which a step was good; before that, the first one
  std::uint32_t hold = 0;    ///< steps for which the share stays as it is
  std::uint64_t calls = 0;   ///< of the step so far
  std::uint64_t failed = 0;  ///< of these; slow ones too if there is a slow_call rule
};

/// What the end of a step has come to.
struct RampDecision {
  std::optional<RampChange> change{};  ///< empty: the share stays
  bool opens = false;                  ///< it was bad at the smallest share
  double share = 1;                    ///< from now on
  double safe_share = 1;
  std::uint32_t hold = 0;
  std::uint64_t calls = 0, failed = 0;  ///< of the step that has ended
};

/// Threads: share() and wait() from any thread; the rest needs the breaker's mutex.
class RampController {
 public:
  /// `options.controller` must be set; borrowed.
  explicit RampController(const RampOptions& options) noexcept : options_(options) {}

  /// A recovery at `at`: the first step begins.
  void start(TimePoint at) noexcept;
  void stop() noexcept { runs_ = false; }
  [[nodiscard]] bool runs() const noexcept { return runs_; }

  [[nodiscard]] double share() const noexcept { return share_.load(std::memory_order_relaxed); }
  /// What is left of the step, or of one more of the same length if it lasts longer.
  [[nodiscard]] Duration wait(TimePoint now) const noexcept;

  /// A call that came back at `now`. It counts in the step if it also began in it: one that was admitted at
  /// an earlier share says nothing about this one.
  void add(const CallMarks& marks, TimePoint now) noexcept;
  /// The end of the step; empty while it holds too few calls.
  [[nodiscard]] std::optional<TimePoint> due() const noexcept;
  /// The step ends at `at`, at or after due().
  [[nodiscard]] RampDecision decide(TimePoint at) noexcept;

  [[nodiscard]] RampFigures figures() const noexcept;
  /// Puts the step in the place of the calls of a window.
  void show_step(WindowSnapshot& window) const noexcept;

 private:
  struct Step {
    std::uint64_t calls = 0, failures = 0, slow = 0, high = 0, extra = 0, failed = 0;
  };

  void succeed(RampDecision& made) noexcept;
  void fall_back(RampDecision& made) noexcept;
  [[nodiscard]] bool is_bad() const noexcept;
  [[nodiscard]] TimePoint began() const noexcept {
    return TimePoint{Duration{began_.load(std::memory_order_relaxed)}};
  }

  const RampOptions& options_;
  std::atomic<double> share_{1};
  std::atomic<Duration::rep> began_{0};  ///< of the step

  bool runs_ = false;
  double safe_ = 1;
  std::uint32_t falls_ = 0;  ///< of this ramp
  std::uint32_t hold_ = 0;
  Step step_;
};

}  // namespace switchgear
