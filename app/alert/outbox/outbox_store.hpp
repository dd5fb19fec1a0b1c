// What outlives the process: incidents, silences, and messages until they are delivered.
#pragma once

#include <vector>

#include "app/alert/incident/changes.hpp"
#include "app/alert/incident/message.hpp"

namespace switchgear::alert {

/// Threads: one at a time. What cannot be written is an exception with a text for the log.
class OutboxStore {
 public:
  struct Kept {
    std::vector<Incident> incidents;
    std::vector<Silence> silences;
    std::vector<Message> messages;  ///< not delivered yet, in the order in which they were made
  };

  OutboxStore() = default;
  OutboxStore(const OutboxStore&) = delete;
  OutboxStore& operator=(const OutboxStore&) = delete;
  virtual ~OutboxStore() = default;

  [[nodiscard]] virtual Kept load() = 0;
  /// All of it or nothing. When it has returned, the end of the process or of the machine loses none of it.
  /// Messages of Telling::refresh are not kept.
  virtual void commit(const Changes& changes) = 0;
};

}  // namespace switchgear::alert
