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
  /// service that there is now; without `from` and `length`. A policy that was replaced meanwhile counts from
  /// 0.
  [[nodiscard]] Samples take(TimePoint now);

 private:
  struct Totals {
    CircuitSample counted;
    std::weak_ptr<CircuitBreaker> breaker;
    bool present = true;  ///< false: a service that was removed, whose durations are kept by the program
  };
  using AllTotals = std::map<std::string, Totals, std::less<>>;

  [[nodiscard]] AllTotals totals(TimePoint now) const;

  const Sources sources_;
  AllTotals before_;
};

}  // namespace switchgear::history
