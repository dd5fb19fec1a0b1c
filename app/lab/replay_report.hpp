// A replay's output, in order: each operation, then what the controller of a ramp decided, the transitions it
// caused or noticed, and what an adaptive breaker made of it; last the summary.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "switchgear/core/event.hpp"
#include "switchgear/core/rejection.hpp"
#include "switchgear/core/state.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/policy/circuit_breaker.hpp"

namespace switchgear::lab {

/// One operation on the breaker.
struct Operation {
  TimePoint at{};
  std::string_view op;  ///< in a trace's words
  std::optional<std::string_view> id;
  bool asks = false;  ///< an acquire: it was admitted unless `rejection` is set
  std::optional<Rejection> rejection;
  State state = State::closed;  ///< after it
};

struct ReplaySummary {
  std::uint64_t operations = 0;
  TimePoint start{};  ///< of the first operation
  TimePoint end{};    ///< of the last one
  BreakerSnapshot breaker;
};

class ReplayReport {
 public:
  ReplayReport() = default;
  ReplayReport(const ReplayReport&) = delete;
  ReplayReport& operator=(const ReplayReport&) = delete;
  virtual ~ReplayReport() = default;

  virtual void on_operation(const Operation& operation) = 0;
  virtual void on_transition(const Transition& transition) = 0;
  virtual void on_adapted(const AdaptedEvent& adapted) = 0;
  virtual void on_ramp(const RampEvent& /*ramp*/) {}
  virtual void on_level(const LevelEvent& /*level*/) {}
  virtual void on_end(const ReplaySummary& summary) = 0;
};

}  // namespace switchgear::lab
