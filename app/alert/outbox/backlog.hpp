// What is still to be kept, and the messages that are sent once it is. Never here: I/O, threads, a clock.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/alert/incident/changes.hpp"

namespace switchgear::alert {

/// Gathers changes while a write is under way, and holds those that could not be written until they are.
///
///     backlog.add(engine.take(now));
///     if (const auto batch = backlog.next()) …                          // write it, then backlog.ended(…)
///     for (Message& message : backlog.take_ready()) …                   // send it
///
/// A message is ready once it is kept, so that after a restart the same message is sent and not another one.
/// While the store fails, a message is ready at once: it is better to tell twice after a restart than not at
/// all. Messages become ready in the order in which they were added. Threads: one.
class Backlog {
 public:
  void add(Changes changes);
  /// A message was delivered, or never will be: the store need not hold it.
  void finished(const std::string& message);

  /// What to write now, all of it or nothing. Null while a write is under way, or if nothing is left to
  /// write.
  [[nodiscard]] std::shared_ptr<const Changes> next();
  /// How the write under way ended. What was not kept is in the next batch.
  void ended(bool kept);
  /// All that is not known to be kept; writing it twice does no harm.
  [[nodiscard]] Changes rest() const;

  [[nodiscard]] std::vector<Message> take_ready();
  /// The last write failed.
  [[nodiscard]] bool failing() const noexcept { return failing_; }

 private:
  Changes waiting_;                           ///< for the next write
  std::shared_ptr<const Changes> under_way_;  ///< null: no write is
  std::vector<Message> ready_;
  std::vector<Message> after_this_;  ///< ready once the write under way has ended
  std::vector<Message> after_next_;  ///< ready once the next one has
  bool failing_ = false;
};

}  // namespace switchgear::alert
