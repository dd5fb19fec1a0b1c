// app/prove: what can and what can never happen to the calls of a policy, each shown by a trace that was
// tried on the real breaker. Reads a policy file, prints findings. Never here: sockets, a clock, a decision
// of its own about what a breaker does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/prove/trace.hpp"
#include "switchgear/analysis/policy.hpp"
#include "switchgear/policy/health_rows.hpp"

namespace switchgear::prove {

/// A trace, and what `switchgear replay` shows with it.
struct Witness {
  std::string name;  ///< of its file: `opens`
  std::string shows;
  Trace trace;
};

/// Something a user should know, and the key that changes it.
struct Finding {
  std::string kind;  ///< `never_opens`, for programs
  std::string key;   ///< below the policy: `circuit_breaker.minimum_calls`
  std::string message;

  friend bool operator==(const Finding&, const Finding&) = default;
};

/// One trip rule that is set.
struct RuleProof {
  std::string_view rule;
  bool can_hold = true;
  std::string never;           ///< why it cannot; empty: it can
  std::uint64_t attempts = 0;  ///< with which it holds soonest
  /// While calls come evenly, and all end alike, it holds only if more come than this in a second. 0: any.
  double more_than_per_second = 0;
};

/// What the environment of a breaker may do.
struct Question {
  analysis::Policy policy;     ///< with a circuit breaker; valid
  std::optional<double> rate;  ///< calls a second, evenly; empty: any, in any pattern
  std::optional<HealthRows> health_check;
};

struct BreakerProof {
  std::optional<bool> can_open;  ///< empty: neither a trace was found nor a reason
  std::optional<bool> can_close;
  std::vector<RuleProof> rules;
  std::string opened_by;           ///< the rule of `opens`
  std::uint64_t opened_after = 0;  ///< attempts
  Duration opened_within{};        ///< from the first attempt
  std::uint32_t probes = 0;        ///< good ones that close it
  /// From an opening to closed, by calls alone: never sooner. Empty: never, or too long to be worked out.
  std::optional<Duration> recovery;
  bool recovery_attained = true;  ///< false: whether it may be as soon as that was not found out
  /// At this rate of calls that come evenly and all end badly alike, or a lower one, it never opens. 0: none.
  double starves_at = 0;
  std::string_view starving_rule;
  std::vector<Witness> witnesses;  ///< the most important one first
  std::vector<Finding> findings;
};

}  // namespace switchgear::prove
