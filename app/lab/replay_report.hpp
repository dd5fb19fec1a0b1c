// A replay's output, in order: each operation, then what the controller of a ramp decided, the transitions it
// caused or noticed, and what an adaptive breaker made of it; last the summary.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/lab/guards.hpp"
#include "switchgear/core/event.hpp"
#include "switchgear/core/rejection.hpp"
#include "switchgear/core/state.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/policy/breakers_by_value.hpp"
#include "switchgear/policy/circuit_breaker.hpp"

namespace switchgear::lab {

/// One operation on the breaker.
struct Operation {
  TimePoint at{};
  std::string_view op;  ///< in a trace's words
  std::optional<std::string_view> id;
  bool asks = false;  ///< an acquire: it was admitted unless `rejection` is set
  std::optional<Rejection> rejection;
  Guards::By by = Guards::By::service;  ///< whose breaker the rejection is of
  std::optional<State> state;           ///< after it; empty: the service has no breaker
  std::optional<std::string_view> route_policy;
  std::optional<State> route_state;  ///< after it, of the breaker of the route's policy; empty: it has none
  std::optional<std::string_view> value;
  std::optional<State> value_state;  ///< after it, of the value's breaker; empty: it has none
};

/// Whose breaker an event is of; neither: the service's.
struct EventOwner {
  std::string route_policy;
  std::string value;
};

/// Of the calls that were made for a value, and of the breakers of values.
struct ValueSummary {
  std::uint64_t calls = 0;  ///< admitted
  std::uint64_t successes = 0, failures = 0, ignored = 0;
  ByValueCounts breakers;
};

struct ReplaySummary {
  std::uint64_t operations = 0;
  TimePoint start{};  ///< of the first operation
  TimePoint end{};    ///< of the last one
  bool has_breaker = true;
  BreakerSnapshot breaker;
  std::vector<std::pair<std::string, BreakerSnapshot>> routes;  ///< of routes' policies, by name
  std::uint64_t unknown_route_policy = 0;                       ///< calls that name one which no route has
  std::optional<ValueSummary> values;                           ///< if the service has breakers by value
};

class ReplayReport {
 public:
  ReplayReport() = default;
  ReplayReport(const ReplayReport&) = delete;
  ReplayReport& operator=(const ReplayReport&) = delete;
  virtual ~ReplayReport() = default;

  /// The events that follow are of this breaker; until then of the service's.
  virtual void about(const EventOwner& /*owner*/) {}
  virtual void on_operation(const Operation& operation) = 0;
  virtual void on_transition(const Transition& transition) = 0;
  virtual void on_adapted(const AdaptedEvent& adapted) = 0;
  virtual void on_ramp(const RampEvent& /*ramp*/) {}
  virtual void on_level(const LevelEvent& /*level*/) {}
  virtual void on_end(const ReplaySummary& summary) = 0;
};

}  // namespace switchgear::lab
