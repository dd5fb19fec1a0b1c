// The circuits of a program as reports and diagnoses need them: its breakers, their past, what stands around
// them. Never here: JSON, HTTP.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "switchgear/admin/program.hpp"
#include "switchgear/observe/report/report.hpp"
#include "switchgear/observe/transition_log.hpp"
#include "switchgear/registry/breaker_registry.hpp"

namespace switchgear::admin {

/// One circuit and its past.
struct SeenCircuit {
  CircuitHistory history;
  figures::Span span;
  PastFrom past = PastFrom::memory;
  CircuitPresent present;
};

/// One circuit at a glance.
struct CircuitCondition {
  figures::Figures figures;
  std::optional<std::string> recommendation;
};

/// Borrows all it is given. Threads: one at a time.
class CircuitSource {
 public:
  using Conditions = std::map<std::string, CircuitCondition, std::less<>>;
  using Surroundings = std::map<std::string, CircuitSurroundings>;

  /// `program` has a log of transitions. `started`: since when it has seen what happened.
  CircuitSource(const BreakerRegistry& registry, const Program& program, WallAnchor::Wall started);

  /// Its last `since`, from the program's history. Without one, the span is all the time since `started`: a
  /// single sample of the breaker's totals, and the transitions in memory. Empty when there is no breaker of
  /// that name.
  [[nodiscard]] std::optional<SeenCircuit> see(const std::string& circuit, Duration since,
                                               TimePoint now) const {
    return see(circuit, since, now, surroundings());
  }
  /// `around`: as of surroundings(), which is not for free with many circuits.
  [[nodiscard]] std::optional<SeenCircuit> see(const std::string& circuit, Duration since, TimePoint now,
                                               const Surroundings& around) const;

  /// Of every circuit, from memory alone: quick enough to be asked for often.
  [[nodiscard]] Conditions conditions(TimePoint now) const;
  /// As the program says; empty if it does not.
  [[nodiscard]] Surroundings surroundings() const;

 private:
  [[nodiscard]] SeenCircuit in_memory(const CircuitBreaker& breaker, const Surroundings& surroundings,
                                      TimePoint now) const;
  [[nodiscard]] CircuitSample sample_of(const CircuitPresent& present, WallAnchor::Wall now) const;

  const BreakerRegistry& registry_;
  const Program& program_;
  const TransitionLog& transitions_;
  WallAnchor::Wall started_;
};

}  // namespace switchgear::admin
