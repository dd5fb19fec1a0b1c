// Whether one trip rule can hold: the worst traffic that the policy lets through, tried on a breaker with
// this rule alone.
#pragma once

#include <cstdint>
#include <vector>

#include "app/prove/calls.hpp"
#include "app/prove/proof.hpp"
#include "switchgear/analysis/breaker_outlook.hpp"

namespace switchgear::prove {

/// A rule with the traffic that makes it hold, cut after the attempt that does. Empty: it was too long to be
/// tried, or none does.
struct TriedRule {
  RuleProof proof;
  bool known = true;  ///< false: no trace, and no reason why there is none
  Trace trace;
};

/// Bad attempts that the rule needs when all are bad. Precondition: the rule is set.
[[nodiscard]] std::uint64_t least_attempts(const CircuitBreakerOptions& breaker, std::string_view rule,
                                           FailureType type);

/// Traffic of the rule's own kind, as bad as it gets, `n` attempts long; the likeliest to open it first.
/// Empty: nothing that the rule counts can happen.
[[nodiscard]] std::vector<Trace> worst_traffic(const analysis::Policy& policy, const Calls& calls,
                                               std::string_view rule, std::uint64_t n);

[[nodiscard]] TriedRule try_rule(const Question& question, const analysis::RuleOutlook& outlook);

/// What opened the breaker, and nothing after. Precondition: `played` is this trace, and opened it.
[[nodiscard]] Trace cut(Trace trace, const Played& played);

/// Attempts that it took. Precondition: as above.
[[nodiscard]] std::size_t attempts_of(const Played& played);

}  // namespace switchgear::prove
