// What has become of incidents, silences and messages, for the store. Never here: SQL, files.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "app/alert/incident/incident.hpp"
#include "app/alert/incident/message.hpp"

namespace switchgear::alert {

/// To be kept together or not at all.
struct Changes {
  /// Of each list of ids. Beyond it the oldest are forgotten; their records stay in the store until it is
  /// read again.
  static constexpr std::size_t most_ids = 100'000;

  std::vector<Incident> put;          ///< new, or changed
  std::vector<std::string> removed;   ///< ids of incidents
  std::vector<Message> messages;      ///< to be delivered
  std::vector<std::string> finished;  ///< ids of messages that were delivered, or never will be
  std::vector<Silence> silences;      ///< new ones, by operators
  std::vector<std::string> ended_silences;

  [[nodiscard]] bool empty() const noexcept {
    return put.empty() && removed.empty() && messages.empty() && finished.empty() && silences.empty() &&
           ended_silences.empty();
  }
  /// Adds what came later: the two are then kept as one.
  void add(Changes later);
};

}  // namespace switchgear::alert
