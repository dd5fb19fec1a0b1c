// The configuration of one circuit breaker. One struct per idea; every member says its meaning, unit and
// default.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "switchgear/core/boxed.hpp"
#include "switchgear/core/level.hpp"
#include "switchgear/core/outcome.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/policy/adaptive_options.hpp"
#include "switchgear/policy/option_problem.hpp"
#include "switchgear/policy/ramp_options.hpp"
#include "switchgear/striped/window_options.hpp"

namespace switchgear {

using WindowOptions = std::variant<CountWindowOptions, TimeWindowOptions>;

/// A call is slow when its latency is strictly greater than `threshold`, whatever its verdict.
struct SlowCallRule {
  Duration threshold = std::chrono::seconds{2};
  double rate = 0.5;  ///< slow calls / calls at or above which the breaker opens; (0, 1]

  friend bool operator==(const SlowCallRule&, const SlowCallRule&) = default;
};

/// Opens when the nearest-rank `quantile` of the window's latencies is at or above `above`. Decided by
/// counting, so exact; only the value shown as evidence is rounded: within 2 % from 1 µs to an hour, and
/// outside of that to the end of the range, or to `above`.
struct LatencyRule {
  double quantile = 0.95;  ///< (0, 1]
  Duration above = std::chrono::seconds{2};

  friend bool operator==(const LatencyRule&, const LatencyRule&) = default;
};

/// Opens when `count` calls of the current generation are in flight for longer than `older_than`.
struct StuckCallsRule {
  Duration older_than = std::chrono::seconds{5};
  std::uint32_t count = 10;  ///< 1 … 1'000

  friend bool operator==(const StuckCallsRule&, const StuckCallsRule&) = default;
};

/// How much a failure of each type counts in `failure_rate` and `failure_balance`: as that many failed calls.
/// Each 1 … 100; default 1.
struct FailureWeights {
  std::array<std::uint8_t, failure_types.size()> by_type = [] {
    std::array<std::uint8_t, failure_types.size()> ones{};
    ones.fill(1);
    return ones;
  }();

  [[nodiscard]] std::uint8_t& operator[](FailureType type) noexcept {
    return by_type[static_cast<std::size_t>(type)];
  }
  [[nodiscard]] std::uint8_t operator[](FailureType type) const noexcept {
    return by_type[static_cast<std::size_t>(type)];
  }
  [[nodiscard]] std::uint8_t heaviest() const noexcept {
    return *std::max_element(by_type.begin(), by_type.end());
  }
  /// False: every failure counts one.
  [[nodiscard]] bool any() const noexcept { return heaviest() > 1; }

  friend bool operator==(const FailureWeights&, const FailureWeights&) = default;
};

/// How an open breaker finds out whether the dependency is back.
struct HalfOpenOptions {
  std::uint32_t permitted_calls = 3;                 ///< probes that decide; 1 … 1'000'000, 16 bytes each
  std::optional<std::uint32_t> success_threshold{};  ///< good probes that close already; default: all of them
  std::optional<std::uint32_t> max_concurrent{};     ///< probes in flight at once; default: all of them
  double max_failure_rate =
      0.0;                    ///< failed / permitted at or above which it relapses; 0: any failure. [0, 1]
  Duration probe_interval{};  ///< least time between two probes
  /// A probe that has not come back this long after its own start has failed. Longer than any timeout around
  /// the call, so that a probe within its own limit never counts as hung.
  Duration max_wait = std::chrono::seconds{60};

  friend bool operator==(const HalfOpenOptions&, const HalfOpenOptions&) = default;
};

/// What a level of a multi-level breaker has in place of the breaker's own options; what is not set is as
/// there.
struct LevelOptions {
  std::optional<std::uint64_t> minimum_calls{};
  std::optional<double> failure_rate{};
  std::optional<double> failure_rate_confidence{};
  std::optional<SlowCallRule> slow_call{};
  std::optional<LatencyRule> latency{};
  std::optional<std::uint32_t> consecutive_failures{};
  std::optional<std::uint32_t> failure_balance{};
  std::optional<Duration> open_duration{};  ///< at least as long as at the level below
  /// For how long the level must have been closed before the breaker comes down from it; default: its
  /// open_duration. Of no use to `warning`.
  std::optional<Duration> calm{};

  friend bool operator==(const LevelOptions&, const LevelOptions&) = default;
};

/// The levels of a breaker: it goes one up when it opens and its failure rate is above `escalate_above`, and
/// one down when it has been closed for `calm`. See BreakerLevels.
struct LevelsOptions {
  std::array<LevelOptions, breaker_levels.size()> by_level{};
  double escalate_above = 0.6;  ///< [0, 1)

  [[nodiscard]] LevelOptions& operator[](BreakerLevel level) noexcept {
    return by_level[static_cast<std::size_t>(level)];
  }
  [[nodiscard]] const LevelOptions& operator[](BreakerLevel level) const noexcept {
    return by_level[static_cast<std::size_t>(level)];
  }

  friend bool operator==(const LevelsOptions&, const LevelsOptions&) = default;
};

/// The options of a circuit breaker. At least one trip rule must be set.
struct CircuitBreakerOptions {
  // --- what is remembered (needed by failure_rate, slow_call and latency; not stored when none of them is
  // set)
  WindowOptions window = CountWindowOptions{};
  /// Calls the window must hold before a rate or a quantile means anything. At most the size of a count
  /// window; 0 is the same as 1.
  std::uint64_t minimum_calls = 20;

  // --- trip rules: any of them opens the breaker; they are tried in this order
  std::optional<double> failure_rate{};  ///< (0, 1]
  /// With it, `failure_rate` holds when the true rate is at or above it with this confidence: when the lower
  /// end of Wilson's one-sided interval is. Then it needs no minimum_calls, and must be below 1. [0.5, 1)
  std::optional<double> failure_rate_confidence{};
  std::optional<SlowCallRule> slow_call{};
  std::optional<LatencyRule> latency{};
  std::optional<std::uint32_t> consecutive_failures{};  ///< 1 … 1'000'000'000
  /// +1 per failure, −1 per success, never below 0; 1 … 1'000'000'000
  std::optional<std::uint32_t> failure_balance{};
  std::optional<StuckCallsRule> stuck_calls{};

  // --- open
  Duration open_duration = std::chrono::seconds{30};
  double backoff = 1.0;  ///< factor per relapse since last closed; 1 … 1'000
  Duration max_open_duration = std::chrono::minutes{5};
  double jitter = 0.0;             ///< the opening is spread by ± this ratio; [0, 1)
  bool honor_retry_after = false;  ///< a server's own wait may lengthen the opening, up to max_open_duration
  bool probe_automatically = false;  ///< become half-open on a timer instead of on the first call

  FailureWeights weights{};  ///< not with failure_rate_confidence, whose samples are calls

  HalfOpenOptions half_open{};
  Boxed<RampOptions> ramp{};

  /// With it, consecutive_failures and open_duration move with the calls; see Adaptation.
  Boxed<AdaptiveOptions> adaptive{};

  /// With it, the breaker has three levels, and at each of them trip rules and an open_duration that may
  /// differ from those here. Not with `adaptive`.
  Boxed<LevelsOptions> levels{};

  /// What is in force at a level; the options themselves when there are no levels.
  [[nodiscard]] CircuitBreakerOptions at(BreakerLevel level) const;
  /// Of a level; its open_duration unless set.
  [[nodiscard]] Duration calm_at(BreakerLevel level) const;
  /// How long it is closed, at this level and those below, until it is at the first.
  [[nodiscard]] Duration calm_from(BreakerLevel level) const;

  /// A multi-level breaker always has one: its failure rate decides whether it escalates.
  [[nodiscard]] bool needs_window() const noexcept { return failure_rate || slow_call || latency || levels; }
  /// Whether a rule waits for minimum_calls.
  [[nodiscard]] bool needs_minimum_calls() const noexcept {
    return (failure_rate && !failure_rate_confidence) || slow_call || latency;
  }
  [[nodiscard]] std::uint32_t max_concurrent() const noexcept {
    return half_open.max_concurrent.value_or(half_open.permitted_calls);
  }
  [[nodiscard]] std::uint32_t success_threshold() const noexcept {
    return half_open.success_threshold.value_or(half_open.permitted_calls);
  }

  friend bool operator==(const CircuitBreakerOptions&, const CircuitBreakerOptions&) = default;
};

/// Everything that is wrong with the options; empty when a breaker can be built from them.
[[nodiscard]] std::vector<OptionProblem> validate(const CircuitBreakerOptions& options);

}  // namespace switchgear
