// Chance for tests: faults drawn from a seed that a failing run prints and the next run can be given.
#pragma once

#include <cstdint>
#include <utility>

#include "switchgear/policy/chaos.hpp"
#include "switchgear/testing/scripted_dependency.hpp"

namespace switchgear::testing {

/// The seed of a test run: the number in the environment's SWITCHGEAR_SEED, or `otherwise` when there is
/// none. Print it when a test fails; anything but a decimal number throws std::invalid_argument.
///
///     const std::uint64_t seed = seed_from_environment(42);
///     SCOPED_TRACE("SWITCHGEAR_SEED=" + std::to_string(seed));
[[nodiscard]] std::uint64_t seed_from_environment(std::uint64_t otherwise);

/// Faults of every kind that a dependency itself can have, for `share` (0 … 1) of its calls: a third fail
/// with a connection error, a third come up to `max_delay` late, a third time out.
[[nodiscard]] ChaosOptions failing_dependency(double share, Duration max_delay);

/// `call` as it ends with `injection`: late by the delay; or, without being made, as a failure at once, and
/// for Kind::timeout after `timeout`. An abort counts as a lost connection, and so does the open breaker that
/// is not there.
///
///     Chaos chaos{"stock", failing_dependency(0.3, 50ms), seed};
///     auto call = afflicted(stock.next(), chaos.next(), 2s);
template <class T>
[[nodiscard]] ScriptedCall<T> afflicted(ScriptedCall<T> call, const Chaos::Injection& injection,
                                        Duration timeout) {
  using Kind = Chaos::Injection::Kind;
  if (injection.kind == Kind::none) return call;
  if (injection.kind == Kind::delay) {
    call.outcome.latency += injection.delay;
    return call;
  }
  ScriptedCall<T> failed;
  failed.number = call.number;
  switch (injection.kind) {
    case Kind::fail:
      failed.outcome = Outcome::failure(injection.type, Duration::zero());
      break;
    case Kind::timeout:
      failed.outcome = Outcome::failure(FailureType::timeout, timeout);
      break;
    default:
      failed.outcome = Outcome::failure(FailureType::connection_error, Duration::zero());
  }
  return failed;
}

}  // namespace switchgear::testing
