// tests/model: docs/semantics.md as a second, plain program: one thread, a list of calls, and everything
// recomputed from that list for every query. The breaker is held against it by random traces. Never here:
// anything out of switchgear/policy but its options, and any cleverness.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "switchgear/core/event.hpp"
#include "switchgear/core/level.hpp"
#include "switchgear/core/outcome.hpp"
#include "switchgear/core/random.hpp"
#include "switchgear/core/rejection.hpp"
#include "switchgear/core/state.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/policy/circuit_breaker_options.hpp"
#include "switchgear/policy/health_rows.hpp"
#include "tests/model/adaptive_model.hpp"
#include "tests/model/ramp_model.hpp"

namespace switchgear::model {

enum class Order : std::uint8_t { reset, force_close, force_open, disable, metrics_only };

struct Decision {
  bool admitted = false;
  std::optional<Reason> reason;  ///< set when refused
  std::optional<Duration> retry_after;
  std::optional<BreakerLevel> level{};  ///< of a refusal, if there are levels

  friend bool operator==(const Decision&, const Decision&) = default;
};

struct ModelTransition {
  TimePoint at{};
  State from = State::closed, to = State::closed;
  std::uint64_t generation = 0;
  Rule rule = Rule::operator_command;
  double value = 0, threshold = 0;
  WindowSnapshot window{};
};

/// A change of level.
struct ModelLevel {
  TimePoint at{};
  BreakerLevel from = BreakerLevel::warning, to = BreakerLevel::warning;
  LevelCause cause = LevelCause::escalated;
  State state = State::closed;
  std::uint64_t generation = 0;
  std::uint64_t calls = 0, failed = 0;  ///< of an escalation
};

/// Of a half-open period; all 0 in other states.
struct ModelProbes {
  std::size_t out = 0, back = 0, failed = 0;
};

struct ModelTotals {
  std::uint64_t calls = 0, successes = 0, failures = 0, slow_successes = 0, slow_failures = 0, ignored = 0;
  std::map<FailureType, std::uint64_t> failures_by_type;
  std::map<Reason, std::uint64_t> rejected_by_reason;
  std::uint64_t rejected = 0, would_reject = 0, late = 0, opened = 0, closed = 0, half_opened = 0;
};

/// What a multi-level breaker goes by at a level: where the level says nothing, what is said beside the
/// levels.
[[nodiscard]] CircuitBreakerOptions at_level(const CircuitBreakerOptions& options, BreakerLevel level);
/// How long it is closed at a level before it comes down.
[[nodiscard]] Duration calm_of(const CircuitBreakerOptions& options, BreakerLevel level);

class BreakerModel {
 public:
  using Ticket = std::size_t;  ///< stands for a permit

  BreakerModel(const CircuitBreakerOptions& options, std::uint64_t seed);

  /// `ticket` is the caller's name for the permit, if one is given.
  Decision acquire(Ticket ticket, TimePoint now);
  /// Nothing happens when the ticket is unknown, was recorded, or passed without being counted.
  void record(Ticket ticket, const Outcome& outcome, TimePoint now);
  void abandon(Ticket ticket, TimePoint now) { record(ticket, Outcome::ignored(), now); }
  void command(Order order, TimePoint now);
  void check(CheckAnswer answer, const HealthRows& rows, TimePoint now);
  /// Saved and restored at once, as by a restart that took no time.
  void restart(TimePoint now);
  /// Makes the transitions that are due by themselves.
  /// Polling does not advance the model's clock while no transition is due.
  void advance(TimePoint now) {
    if (next_due()) settle(not_before_latest(now));
  }
  /// When something happens by itself; empty when nothing will.
  [[nodiscard]] std::optional<TimePoint> next_due() const;

  /// Transitions since the last call of this.
  [[nodiscard]] std::vector<ModelTransition> take_transitions();
  /// Changes of adapted() since the last call of this.
  [[nodiscard]] std::vector<ModelAdapted> take_adapted();
  /// In force now; the options when it is not adaptive.
  [[nodiscard]] ModelAdapted adapted() const { return model::adapted(options_, samples_); }

  /// Changes of level since the last call of this.
  [[nodiscard]] std::vector<ModelLevel> take_levels();
  /// Empty when it has no levels.
  [[nodiscard]] std::optional<BreakerLevel> level() const;
  /// When it comes down if it stays closed.
  [[nodiscard]] std::optional<TimePoint> calm_until() const;

  /// Turns of a controlled ramp at which its share changed or it was over, since the last call of this.
  [[nodiscard]] std::vector<RampTurn> take_ramp_turns();
  /// The controlled ramp that goes on.
  [[nodiscard]] std::optional<ModelRamp> ramp() const;

  /// The latest time it was shown; earlier ones are read as this.
  [[nodiscard]] TimePoint latest() const { return latest_; }
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool metrics_only() const { return metrics_only_; }
  [[nodiscard]] std::uint64_t generation() const { return generation_; }
  [[nodiscard]] std::uint32_t relapses() const { return relapses_; }
  [[nodiscard]] ModelProbes probes() const;
  /// When an opening is over; of the last one in other states.
  [[nodiscard]] TimePoint open_until() const { return open_until_; }
  /// Some of its calls are refused because it closed a short while ago.
  [[nodiscard]] bool ramps(TimePoint now) const {
    return is_controlled() || (ramp_since_ && now - *ramp_since_ < options_.ramp->duration);
  }
  [[nodiscard]] const ModelTotals& totals() const { return totals_; }
  [[nodiscard]] Duration time_open(TimePoint now) const;
  [[nodiscard]] WindowSnapshot window(TimePoint now) const;

 private:
  struct Call {
    std::uint64_t generation;
    TimePoint start;
    bool hung = false;  ///< a probe that was counted as failed because it did not come back
  };
  struct Booked {
    TimePoint at;
    Verdict verdict;
    FailureType type;
    Duration latency;
    bool of_ramp = false;  ///< it counts in a step of a controlled ramp, and in no window
  };
  struct Finding {
    Rule rule;
    double value, threshold;
  };

  [[nodiscard]] static double ratio(std::size_t part, std::size_t whole) {
    return static_cast<double>(part) / static_cast<double>(whole);
  }
  TimePoint not_before_latest(TimePoint now);
  void settle(TimePoint now);
  Decision decide(TimePoint now);
  Decision decide_probe(TimePoint now);
  [[nodiscard]] bool is_out(const Call& call) const;
  void probe_hangs(TimePoint at);
  /// Makes happen what its controller has decided by `at`.
  void turn_ramp(TimePoint at);
  [[nodiscard]] bool is_controlled() const {
    return state_ == State::closed && ramp_since_ && options_.ramp->controller;
  }
  Decision refuse(Reason reason, std::optional<Duration> retry_after) const;

  void sample(const Outcome& outcome, TimePoint now);
  void note_adapted(const ModelAdapted& before, TimePoint now);
  void record_closed(const Outcome& outcome, TimePoint now);
  void record_probe(const Outcome& outcome, TimePoint now);
  /// Whether this result relapses it, which is then told by `hung` or by the rule about failed probes.
  bool count_probe(bool failed, TimePoint now, const std::optional<Finding>& hung);
  void lengthen(const Outcome& outcome, TimePoint now);

  [[nodiscard]] std::optional<Finding> rule_that_holds(TimePoint now) const;
  [[nodiscard]] std::optional<Finding> failure_rate(const std::vector<Booked>& calls) const;
  /// 0 for a call that did not fail.
  [[nodiscard]] std::uint64_t weight(const Booked& call) const;
  [[nodiscard]] std::optional<Finding> stuck_calls(TimePoint now) const;
  [[nodiscard]] std::vector<Booked> calls_in_window(TimePoint now) const;
  [[nodiscard]] std::uint64_t consecutive_failures() const;
  [[nodiscard]] std::uint64_t failure_balance() const;
  [[nodiscard]] bool is_slow(Duration latency) const;

  void enter(State to, TimePoint at, const Finding& why);
  void open(TimePoint at, const Finding& why);
  void half_open(TimePoint at, const std::optional<Finding>& early = std::nullopt);
  void close(TimePoint at, const Finding& why);

  void set_level(BreakerLevel level);
  void note_level(BreakerLevel from, LevelCause cause, TimePoint at, std::uint64_t calls = 0,
                  std::uint64_t failed = 0);
  /// It opens: one level up if more than escalate_above of these calls failed.
  void escalate(std::uint64_t calls, std::uint64_t failed, TimePoint at);
  void come_down(TimePoint at);

  const CircuitBreakerOptions given_;
  CircuitBreakerOptions options_;  ///< as given, or what is in force at the level
  BreakerLevel level_ = BreakerLevel::warning;
  TimePoint not_down_before_{};  ///< of this closed period
  std::vector<ModelLevel> levels_;
  Random random_;

  State state_ = State::closed;
  bool metrics_only_ = false;
  std::uint64_t generation_ = 1;
  TimePoint since_{};
  TimePoint latest_ = TimePoint::min();
  std::uint32_t relapses_ = 0;

  std::map<Ticket, Call> in_flight_;
  std::deque<Booked> booked_;  ///< every success and failure of this closed period, or of the last one
  TimePoint open_until_{};
  Duration open_before_{};    ///< time spent in openings that have ended
  std::vector<bool> probes_;  ///< results of this half-open period, hung ones too; true: failed
  std::optional<TimePoint> last_probe_;
  std::vector<CheckAnswer> checks_;   ///< of this state
  std::vector<ModelSample> samples_;  ///< every success and failure that was not late, since the last command
  std::vector<ModelAdapted> changes_;
  std::optional<TimePoint> ramp_since_;
  std::uint64_t ramp_asked_ = 0;
  std::vector<RampCall> ramp_calls_;  ///< since then, if it is controlled
  TimePoint ramp_settled_{};          ///< until when its turns have happened
  std::size_t ramp_turned_ = 0;       ///< how many there were
  std::size_t ramp_judged_ = 0;       ///< calls that no trip rule opened the breaker with
  std::vector<RampTurn> turns_;

  ModelTotals totals_;
  std::vector<ModelTransition> transitions_;
};

}  // namespace switchgear::model
