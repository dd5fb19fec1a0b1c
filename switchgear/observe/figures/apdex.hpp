// The Application Performance Index (Apdex Alliance, version 1.1): how satisfied callers are with the time
// that calls take.
#pragma once

#include <optional>

#include "switchgear/core/time.hpp"
#include "switchgear/observe/circuit_history.hpp"

namespace switchgear::figures {

/// (satisfied + tolerating / 2) / calls, from 0 to 1. Satisfied: a success within `target`; tolerating: a
/// success within four times as long; frustrated: a slower one, and every failure. Refused calls do not
/// count. Exact when both limits are among `duration_bounds`; otherwise off by at most the share of the calls
/// in the buckets that they cut. Empty when no call was timed.
[[nodiscard]] std::optional<double> apdex(const CircuitSample& sum, Duration target) noexcept;

}  // namespace switchgear::figures
