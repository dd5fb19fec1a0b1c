// What one circuit is at this moment, as plain values: its breaker, and what stands around it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "switchgear/observe/figures/figures.hpp"
#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/policy/circuit_breaker_options.hpp"

namespace switchgear {

/// Connections to a service, of all threads together.
struct PoolUse {
  std::uint64_t busy = 0;
  std::uint64_t waiting = 0;  ///< requests without a connection
  std::uint64_t limit = 0;    ///< the most connections there can be
};

/// Since the retry was made.
struct RetryUse {
  std::uint32_t max_attempts = 0;
  std::uint64_t retries = 0;
  std::uint64_t recovered = 0;       ///< calls that succeeded, and would have failed without a retry
  std::uint64_t exhausted = 0;       ///< calls that failed and were worth another attempt, but got none
  std::uint64_t used_up = 0;         ///< of these, calls of which all attempts were made
  std::uint64_t budget_refused = 0;  ///< retries and hedges that the budget did not grant
  bool budget_is_spent = false;      ///< it would grant none now
};

/// Since the fallback was made.
struct FallbackUse {
  std::uint64_t answered = 0;
  std::uint64_t queued = 0;
  std::uint64_t failed = 0;
};

/// An operator's command to a whole fleet to refuse every call.
struct FleetForce {
  std::string by;
  Duration left{};
};

/// What stands around the breaker. What a program does not know stays empty.
struct CircuitSurroundings {
  std::optional<double> capacity;              ///< calls that the callers have room for at once
  std::optional<figures::CallValue> value;     ///< of one call
  std::optional<std::uint64_t> queue_waiting;  ///< calls stored for later that have not been made yet
  std::optional<FallbackUse> fallbacks;
  std::optional<std::uint64_t> bulkhead;  ///< its slots
  std::optional<PoolUse> pool;
  std::optional<RetryUse> retries;
  std::optional<std::string> fleet;        ///< why the fleet refuses calls, if it does
  std::optional<FleetForce> fleet_forced;  ///< of the fleet, while it lasts
};

/// Another circuit that opened.
struct OtherOpening {
  std::string circuit;
  figures::Wall at{};
};

/// Copies; nothing in it changes.
struct CircuitPresent {
  std::string circuit;
  BreakerSnapshot breaker;
  CircuitBreakerOptions options;
  figures::Wall since{};               ///< when `breaker.state` was entered
  std::vector<LoggedTransition> last;  ///< its last transitions, oldest first, at most scored_transitions
  std::vector<OtherOpening> others;    ///< the last opening of each other circuit
  CircuitSurroundings around;
};

/// The part that figures are made from.
[[nodiscard]] figures::Present for_figures(const CircuitPresent& present);

}  // namespace switchgear
