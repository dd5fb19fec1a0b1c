// Plays a trace through the breakers of a service, entry by entry. The trace's own times are the only clock.
// Memory: the breakers, the ids now in flight, and the whole calls that have started and not yet ended.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "app/lab/guards.hpp"
#include "app/lab/replay_report.hpp"
#include "app/lab/trace.hpp"
#include "app/lab/trace_line.hpp"
#include "switchgear/policy/circuit_breaker.hpp"

namespace switchgear::lab {

class Replay {
 public:
  /// `options` must be valid; `report` is borrowed. `seed` is for the jitter of openings.
  Replay(const std::string& name, const CircuitBreakerOptions& options, std::uint64_t seed,
         ReplayReport& report);
  /// The same of a service's breaker, those of its routes' policies and those of its values. Then a line says
  /// by which route its call came and for which value it was made.
  Replay(const GuardOptions& options, std::uint64_t seed, ReplayReport& report);

  /// First the whole calls that end by then, in order of their ends; then the entry itself.
  /// A problem when an acquire's id is still in flight. Precondition: `at` does not run backwards.
  [[nodiscard]] std::optional<TraceProblem> play(const TraceEntry& entry);

  /// The whole calls still running end, what was due by the last line happens; then the summary.
  void finish();

  /// So far; 0: the trace had no line.
  [[nodiscard]] std::uint64_t operations() const noexcept { return operations_; }

 private:
  class Notes : public EventSink {
   public:
    void on_transition(const Transition& transition) override { transitions.push_back(transition); }
    void on_adapted(const AdaptedEvent& event) override { adapted.push_back(event); }
    void on_ramp(const RampEvent& event) override { ramps.push_back(event); }
    void on_level(const LevelEvent& event) override { levels.push_back(event); }
    void tell(ReplayReport& report);
    [[nodiscard]] bool empty() const {
      return transitions.empty() && adapted.empty() && ramps.empty() && levels.empty();
    }
    /// That they are of: an operation concerns one. Precondition: not empty, of values.
    [[nodiscard]] std::string value(std::string_view header) const;
    std::vector<Transition> transitions;
    std::vector<AdaptedEvent> adapted;
    std::vector<RampEvent> ramps;
    std::vector<LevelEvent> levels;
  };

  /// A permit held under an id.
  struct Held {
    Guards::Permit permit;
    std::size_t line;
    CallSubject call;
  };

  /// A whole call that was admitted.
  struct Running {
    TimePoint end;
    std::uint64_t order;  ///< of their starts
    Guards::Permit permit;
    CallSubject call;
    Outcome outcome;
  };

  void start_call(const TraceEntry& entry);
  [[nodiscard]] std::optional<TraceProblem> acquire(const TraceEntry& entry);
  void record(const TraceEntry& entry);
  void abandon(const TraceEntry& entry);
  void command(const TraceEntry& entry);
  void end_calls(TimePoint until);

  std::optional<Guards::Permit> ask(const TraceEntry& entry);
  void end(Guards::Permit permit, const Outcome& outcome, const CallPath& path, TimePoint now);
  [[nodiscard]] std::optional<Held> take(const std::string& id);
  /// By which the call came; null: by one without a policy of its own, or an unknown one.
  [[nodiscard]] const GuardOptions::Route* route_of(const CallSubject& call) const;
  /// `whose`: says which breakers it is about; null: none is known.
  void tell(TimePoint at, std::string_view op, const std::optional<std::string>& id,
            const CallSubject* whose);
  void tell(Operation operation);
  void tell_events();

  ReplayReport& report_;
  const GuardOptions options_;
  Notes notes_, value_notes_;
  std::map<std::string, Notes, std::less<>> route_notes_;  ///< by the policy
  Guards guards_;
  ValueSummary values_;
  std::unordered_map<std::string, Held> held_;
  std::vector<Running> running_;  ///< a heap, the next to end on top
  std::uint64_t started_ = 0;
  std::uint64_t operations_ = 0;
  std::uint64_t unknown_route_policy_ = 0;
  TimePoint first_{};
  TimePoint latest_{};
};

}  // namespace switchgear::lab
