// What the view of a breaker is made from, to be compared before one is made: making it takes a hundred times
// as long. Never here: JSON.
#pragma once

#include "switchgear/observe/rate_meter.hpp"
#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/registry/tags.hpp"

namespace switchgear::admin {

struct BreakerLook {
  BreakerSnapshot snapshot;
  CallRates rates;
  Tags tags;
};

/// What its callers get of it: a closed breaker whose calls the fleet refuses is as good as open.
[[nodiscard]] constexpr State effective_state(const BreakerSnapshot& seen) noexcept {
  return seen.advised && seen.state == State::closed ? State::open : seen.state;
}

/// A breaker as a line of a count.
struct Standing {
  State state = State::closed;
  State effective = State::closed;
  bool fleet_open = false;  ///< the fleet refuses its calls, or holds its probes back
};

/// Whether two views of one breaker differ at most in what its last transitions were, and in what merely
/// counts: `retry_after`, `time_open`.
[[nodiscard]] bool looks_alike(const BreakerLook& one, const BreakerLook& other) noexcept;

}  // namespace switchgear::admin
