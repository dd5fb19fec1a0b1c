// What one channel is given to tell: fixed when it is made, so that it is the same at every attempt.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/alert/incident/incident.hpp"

namespace switchgear::alert {

enum class Telling : std::uint8_t {
  firing,
  again,         ///< it still fires: `repeat_every`
  acknowledged,  ///< an operator has seen it; for channels that have a word for that
  resolved,
  refresh,  ///< still firing, for channels that forget what they are not told again; lost if it cannot be
            ///< delivered
};

inline constexpr std::array<std::string_view, 5> telling_names{"firing", "again", "acknowledged", "resolved",
                                                               "refresh"};

[[nodiscard]] constexpr std::string_view to_string(Telling telling) noexcept {
  return telling_names[static_cast<std::size_t>(telling)];
}

/// One incident as it was when the message was made.
struct Alert {
  std::string incident;  ///< its id
  std::string rule;
  std::string circuit;
  Severity severity = Severity::warning;
  Labels labels;
  std::string text;      ///< the rule's message
  std::string evidence;  ///< a sentence without a full stop
  double value = 0;
  double threshold = 0;
  std::string runbook;
  Moment starts{};
  Moment ends{};  ///< of a resolved one
};

struct Message {
  static constexpr std::size_t most_alerts = 50;

  std::string
      id;  ///< 16 hexadecimal digits; the same at every attempt, for receivers that drop what they have had
  std::string channel;
  Telling telling = Telling::firing;
  Moment made{};
  std::string instance;       ///< of the gateway
  Labels group;               ///< what it was grouped by: the same for all alerts
  std::vector<Alert> alerts;  ///< 1 … most_alerts

  [[nodiscard]] bool resolved() const noexcept { return telling == Telling::resolved; }
};

}  // namespace switchgear::alert
