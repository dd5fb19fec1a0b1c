// An incident: one rule and one circuit, from the moment the conditions hold until the circuit is well again.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/alert/rules/alert_rule.hpp"
#include "app/alert/rules/condition.hpp"
#include "app/alert/rules/labels.hpp"

namespace switchgear::alert {

enum class Stage : std::uint8_t {
  pending,   ///< the conditions hold, not yet for as long as the rule asks
  firing,    ///< told
  resolved,  ///< over
};

inline constexpr std::array<std::string_view, 3> stage_names{"pending", "firing", "resolved"};

[[nodiscard]] constexpr std::string_view to_string(Stage stage) noexcept {
  return stage_names[static_cast<std::size_t>(stage)];
}

/// What one channel has been given to tell. It is set in the same step in which the message goes into the
/// outbox, so that one is never without the other.
struct Told {
  bool firing = false;
  bool resolved = false;
  std::uint64_t repeats = 0;
  Moment last{};
};

struct Acknowledgement {
  std::string by;  ///< the client's address, or the name it gave
  Moment at{};
};

struct Incident {
  std::string id;  ///< 16 hexadecimal digits, of the rule, the circuit and the instant
  std::string rule;
  std::string circuit;
  Severity severity = Severity::warning;
  Labels labels;
  Stage stage = Stage::pending;
  Moment since{};      ///< the conditions hold
  Moment fired_at{};   ///< unless pending
  Moment last_held{};  ///< the conditions were last seen to hold
  Moment resolved_at{};
  State state = State::closed;  ///< of the circuit
  AlertEvidence evidence;
  std::string runbook;
  std::optional<Acknowledgement> acknowledged;
  std::map<std::string, Told, std::less<>> told;  ///< by channel
  bool muted = false;                             ///< at the last look at it while it fired; not stored
};

/// Alerts that are not told for a time: a planned outage, a known problem.
struct Silence {
  std::string id;
  std::string circuit = "*";  ///< a pattern
  std::string rule = "*";     ///< a pattern
  Moment until{};
  std::string why;
  std::string by;  ///< empty: the configuration

  [[nodiscard]] bool covers(const Incident& incident, Moment now) const noexcept {
    return now < until && fits(circuit, incident.circuit) && fits(rule, incident.rule);
  }
};

/// While an alert that `source` chooses fires, those that `target` chooses are not told if they have the same
/// values of the labels in `equal`. An alert that both choose is never a target.
struct Inhibition {
  Matcher source;
  Matcher target;
  std::vector<std::string> equal;
};

}  // namespace switchgear::alert
