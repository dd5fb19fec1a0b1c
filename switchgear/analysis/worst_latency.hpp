// How long one call of a policy may take, worked out from its options alone.
#pragma once

#include <optional>
#include <string>

#include "switchgear/analysis/policy.hpp"

namespace switchgear::analysis {

/// The longest one call can take, and what that is made of. The waits for a token and for a slot come before
/// the deadline begins, as in the standard order.
struct WorstLatency {
  Duration token_wait{};
  Duration queue_wait{};
  std::optional<Duration> attempt;   ///< one alone; unset: no timeout
  std::optional<Duration> race;      ///< one with the hedges beside it, each begun as late as it may
  Duration delays{};                 ///< all of them, drawn as long as jitter may make them
  Duration delays_asked_for{};       ///< the same where the server asks for as much as it may (Retry-After)
  std::optional<Duration> attempts;  ///< every attempt with its hedges, and `delays_asked_for` between
  std::optional<Duration> most;      ///< the waits, and the attempts until the deadline; unset: unbounded
  std::string unbounded;             ///< why there is no `most`
};

/// The longest that the delays before all retries can be together, each of them at least `asked_for`.
[[nodiscard]] Duration longest_delays(const RetryOptions& retry, Duration asked_for = {}) noexcept;
/// The longest `Retry-After` that is waited for: none beyond the deadline, and none without a retry.
[[nodiscard]] Duration longest_retry_after(const Policy& policy);
[[nodiscard]] WorstLatency worst_latency(const Policy& policy);

}  // namespace switchgear::analysis
