// A whole pipeline over the calls of a trace, in simulated time.
//
// The first attempt of a call ends as the trace says. What a further attempt would have met (a retry, a
// hedge) the trace shows by its neighbours: it ends as the recorded call that began next, at its own start or
// later. A call that waited for its turn keeps its own outcome. What the policies spare the dependency, or
// ask of it in addition, changes nothing about how it answers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/lab/compare/calls.hpp"
#include "app/lab/progress.hpp"
#include "switchgear/analysis/policy.hpp"
#include "switchgear/core/rejection.hpp"
#include "switchgear/core/state.hpp"
#include "switchgear/policy/breakers_by_value.hpp"
#include "switchgear/policy/circuit_breaker_options.hpp"

namespace switchgear::lab {

/// How calls are taken to end whose end is not known.
enum class Unknown : std::uint8_t { succeeds, fails };

/// What the file says of a service around its policy.
struct Setting {
  /// Breakers by value; their own options, or else the policy's breaker's.
  struct Values {
    std::string header;
    std::optional<CircuitBreakerOptions> breaker;
    ByValueOptions limits;
  };
  std::optional<Values> values;
  std::optional<Duration> timeout;  ///< of an attempt, if the policy has none
};

struct StateChange {
  TimePoint at{};
  State from = State::closed;
  State to = State::closed;
};

/// What became of all calls under one policy.
struct Course {
  // Of each call, as its caller saw it; they add up to `calls`.
  std::uint64_t calls = 0;
  std::uint64_t answered = 0;     ///< by the dependency
  std::uint64_t substituted = 0;  ///< by a fallback
  std::uint64_t failed = 0;
  std::uint64_t ignored = 0;
  std::array<std::uint64_t, rejection_reasons.size()> refused{};

  // Of the calls that were refused and of which nothing was sent, also if a fallback answered them.
  std::uint64_t spared_good = 0;  ///< would have succeeded
  std::uint64_t spared_bad = 0;   ///< would have failed

  // Of the attempts that were sent.
  std::uint64_t attempts = 0;
  std::uint64_t attempts_failed = 0;  ///< timeouts of the policy included

  Duration median{}, p99{}, longest{};  ///< of the time until a caller had its answer, its failure or refusal

  /// Of breakers by value.
  struct Values {
    ByValueCounts counts;      ///< at the end
    std::uint64_t opened = 0;  ///< closed → open; at least so many, if `counts.untold` is not 0
  };
  std::optional<Values> values;  ///< unset: there are none

  std::vector<StateChange> changes;  ///< of the breaker; empty without one
  Duration time_open{};
  TimePoint end{};  ///< of the last call

  [[nodiscard]] std::uint64_t all_refused() const noexcept;
};

/// Plays all of them. Precondition: `policy` is valid. `seed`: of jitter.
[[nodiscard]] Course simulate(const analysis::Policy& policy, const Setting& setting, const Calls& calls,
                              Unknown unknown, std::uint64_t seed, Progress& progress);

}  // namespace switchgear::lab
