// The worst cases of a policy's circuit breaker, worked out from the options alone: which of its rules can
// ever hold, how soon they notice that the dependency is gone, how long it stays open, what closes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/analysis/policy.hpp"

namespace switchgear::analysis {

/// One trip rule that is set.
struct RuleOutlook {
  std::string_view rule;    ///< its key: `failure_rate`
  std::string never;        ///< why it can never hold; empty: it can
  bool by_latency = false;  ///< it notices calls that hang, not calls that fail at once
  /// Attempts that must end badly, one after the other, before it holds, however good the ones before were.
  /// 0: no number says it (`within` may).
  std::uint64_t attempts = 0;
  /// Of a time window: with steady traffic, it holds after so long, if `attempts` were made by then.
  std::optional<Duration> within;
};

struct BreakerOutlook {
  std::vector<RuleOutlook> rules;  ///< in the order in which they are tried
  /// The lengths of one opening after the other without a recovery between, before jitter; the last is as
  /// long as they get, `relapses_to_longest` relapses after the first. At most 8: when there are more, the
  /// last is the longest all the same.
  std::vector<Duration> openings;
  std::uint64_t relapses_to_longest = 0;
  std::uint32_t probes_to_close = 1;  ///< successes that close it when no probe fails
  /// The same without `success_threshold`: after these no possible rest could relapse it.
  std::uint32_t probes_for_certainty = 1;

  /// No rule can hold.
  [[nodiscard]] bool never_opens() const noexcept;
};

/// Precondition: the policy is valid and has a breaker. Of a multi-level breaker: at its first level.
[[nodiscard]] BreakerOutlook breaker_outlook(const Policy& policy);

/// The policy as it is while its breaker stays at a level: with a breaker that has no levels. Precondition:
/// it has a breaker.
[[nodiscard]] Policy at_level(const Policy& policy, BreakerLevel level);

/// Calls that run at once at most, each with one attempt or a race of them; 0: nothing limits them.
[[nodiscard]] std::uint64_t calls_at_once(const Policy& policy) noexcept;

/// Attempts that one call can make at most: attempts × (1 + hedges), but for those that cannot begin before
/// the deadline, however soon the others fail.
[[nodiscard]] std::uint64_t attempts_of_a_call(const Policy& policy) noexcept;

/// The limit of one attempt: timeout or deadline, whichever is shorter.
[[nodiscard]] std::optional<Duration> attempt_limit(const Policy& policy) noexcept;

}  // namespace switchgear::analysis
