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

/// Whether two views of one breaker differ at most in what its last transitions were, and in what merely
/// counts: `retry_after`, `time_open`.
[[nodiscard]] bool looks_alike(const BreakerLook& one, const BreakerLook& other) noexcept;

}  // namespace switchgear::admin
