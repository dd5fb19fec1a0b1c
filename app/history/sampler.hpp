// What every circuit did since the last look, from the counters that the program keeps anyway.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "switchgear/observe/call_durations.hpp"
#include "switchgear/observe/circuit_history.hpp"
#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/registry/policy_registry.hpp"

namespace switchgear::history {

/// By the name of the circuit.
using Samples = std::map<std::string, CircuitSample, std::less<>>;

using FailureCounts = std::array<std::uint64_t, failure_types.size()>;

/// What is sampled; borrowed.
struct Sources {
  const PolicyRegistry& policies;
  const CallDurations& durations;
  /// Failures by type of every service there is, since the start: so that one without a breaker has a history
  /// too. May be empty.
  std::function<std::map<std::string, FailureCounts>()> services = {};
};

/// Threads: one. Takes a registry's mutex for as long as it copies the list of breakers; no call waits.
class Sampler {
 public:
  explicit Sampler(Sources sources);

  /// What was counted since the last time (the first time: since the policies were made) of every breaker and
  /// service that there is now; without `from` and `length`. Each call counts once, also when a reload has
  /// replaced the breaker, taken it away or brought one. One that was removed has a last sample if it did
  /// something.
  [[nodiscard]] Samples take(TimePoint now);

 private:
  /// Of one circuit so far. Each part has the counts of its source alone.
  struct Totals {
    CircuitSample of_breaker;
    CircuitSample of_service;  ///< successes and failures of the service, with a breaker or without
    CircuitSample others;      ///< durations and fallbacks, which outlive a breaker that is replaced
    std::shared_ptr<CircuitBreaker> breaker;  ///< so that the next look sees what it did last
    bool is_service = false;
    bool present = true;  ///< false: it was removed, and the program still has its durations
  };
  using AllTotals = std::map<std::string, Totals, std::less<>>;

  [[nodiscard]] AllTotals totals(TimePoint now) const;
  [[nodiscard]] static CircuitSample between(const Totals& before, const Totals& after, TimePoint now);

  const Sources sources_;
  AllTotals before_;
};

}  // namespace switchgear::history
