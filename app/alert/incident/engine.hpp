// The engine of alerts: observations in, incidents and messages out. Never here: I/O, threads, a clock; how a
// channel writes a message.
//
//             the conditions hold                for as long as `for` says
//   (none) ──────────────────────────▶ pending ──────────────────────────▶ firing ───▶ told
//                                         │                                   │
//                      they do not        │       they have not held for      │
//   (none) ◀──────────────────────────────┘       `keep_firing_for`           ▼
//                                                                          resolved ──▶ told
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/alert/incident/changes.hpp"
#include "app/alert/incident/incident.hpp"
#include "app/alert/incident/message.hpp"
#include "app/alert/incident/mutes.hpp"
#include "app/alert/rules/alert_rule.hpp"
#include "app/alert/rules/circuit_past.hpp"

namespace switchgear::alert {

/// What the engine must know of a channel.
struct ChannelTerms {
  Severity min_severity = Severity::info;                 ///< less important incidents are not told there
  std::size_t alerts_per_message = Message::most_alerts;  ///< 1: it has a message of its own for each
  bool takes_acknowledgements = false;
  bool repeats = true;  ///< false: the receiver repeats them itself
  Duration refresh{};   ///< told again this often while they fire, beside `repeat_every`; zero: not
};

/// All that is in force.
struct AlertPlan {
  std::string instance = "switchgear";  ///< which gateway it is
  std::vector<AlertRule> rules;
  std::vector<Inhibition> inhibitions;
  std::vector<Silence> silences;  ///< of the configuration
  std::map<std::string, ChannelTerms, std::less<>> channels;
  std::vector<std::string> group_by{"rule"};  ///< labels; alerts with the same values share a message
  Duration group_wait{};                      ///< how long the first of a group waits for others
};

/// One circuit as it is at a moment.
struct Sighting {
  std::string circuit;
  State state = State::closed;
  CallsSeen totals;
  Labels labels;  ///< `service`, `scope`, tags
};

/// Threads: one at a time. Moments must not run backwards.
class Engine {
 public:
  static constexpr std::size_t most_ended = 100;         ///< resolved incidents that are still shown
  static constexpr std::size_t most_silences = 1'000;    ///< of operators
  static constexpr std::size_t most_incidents = 10'000;  ///< at once; further ones are not begun, and counted

  /// Puts a plan in force in place of the last one. Incidents of rules that are left out are resolved.
  void configure(AlertPlan plan, Moment now);
  /// Goes on where an earlier process stood. Before the first observation, after configure().
  void restore(std::vector<Incident> incidents, std::vector<Silence> silences, Moment now);

  /// A circuit changed its state. Rules are judged as of that instant. `labels`: of the circuit.
  void changed(const StateChange& change, const Labels& labels);
  /// All circuits there are. Those that are not among them have gone: their conditions no longer hold. Every
  /// rule is judged.
  void look(const std::vector<Sighting>& circuits, Moment now);
  /// The wall clock was set, `by` that much: all moments so far are dated anew, so that no length of time
  /// changes and later moments do not run backwards. The ends of silences are dates, and stay.
  void clock_was_set(Duration by);
  /// What has become of the incidents since the last call, and whom to tell.
  [[nodiscard]] Changes take(Moment now);

  /// False when the incident does not exist or is over.
  bool acknowledge(std::string_view id, std::string by, Moment now);
  /// Returns its id; empty when there are too many.
  std::string silence(Silence silence, Moment now);
  /// Ends a silence of an operator before its time. False when there is none of that id.
  bool end_silence(std::string_view id);

  /// Pending and firing ones, then the resolved ones, the last first.
  [[nodiscard]] std::vector<Incident> incidents() const;
  [[nodiscard]] std::vector<Silence> silences(Moment now) const;
  /// Which incidents are not told, and why. Borrows from the engine, until it is used again.
  [[nodiscard]] Mutes mutes(Moment now) const;
  /// The text of its rule's message, as of now.
  [[nodiscard]] std::string text_of(const Incident& incident, Moment now) const;
  [[nodiscard]] const AlertPlan& plan() const noexcept { return plan_; }
  [[nodiscard]] std::uint64_t not_begun() const noexcept { return not_begun_; }

 private:
  using Key = std::pair<std::string, std::string>;  ///< rule, circuit
  struct Circuit {
    CircuitPast past;
    Labels labels;
    bool here = true;
  };

  [[nodiscard]] const AlertRule* rule(std::string_view name) const;
  /// What the plan says of the incidents there are: those whose rule is left out are resolved.
  void follow_plan(Moment now);
  void judge(const std::string& name, const Circuit& circuit, Moment now);
  void judge(const AlertRule& rule, const std::string& name, const Circuit& circuit, Moment now);
  Incident* begin(const AlertRule& rule, const std::string& name, const Circuit& circuit, Moment now);
  void resolve(Incident incident, Moment now);
  [[nodiscard]] Duration longest_look() const;
  void tell(const std::string& channel, const ChannelTerms& terms, const Mutes& mutes, Moment now,
            Changes& changes);
  void write(const std::string& channel, const ChannelTerms& terms, Telling telling,
             std::vector<Incident*> whom, Moment now, Changes& changes);
  [[nodiscard]] Alert alert_of(const Incident& incident, Moment now) const;
  [[nodiscard]] Labels group_of(const Incident& incident) const;
  [[nodiscard]] const std::string& instance_of(const Incident& incident) const;

  AlertPlan plan_;
  std::map<std::string, Circuit, std::less<>> circuits_;
  std::map<Key, Incident> active_;  ///< pending and firing
  std::deque<Incident> ended_;      ///< the oldest first
  std::vector<Silence> silences_;   ///< of operators
  std::set<std::string> changed_;   ///< ids of incidents
  std::set<std::string> acknowledged_;
  std::map<std::string, Moment, std::less<>> refreshed_;  ///< by channel
  Changes pending_;
  std::uint64_t not_begun_ = 0;
};

}  // namespace switchgear::alert
