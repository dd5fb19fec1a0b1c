// The outbox in an SQLite database that belongs to somebody else: the history's.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/alert/outbox/outbox_store.hpp"

namespace SQLite {
class Database;
}

namespace switchgear::alert {

/// Each call is one transaction, so that an incident is told as often as it says.
class SqliteOutbox final : public OutboxStore {
 public:
  using Job = std::function<void(SQLite::Database&)>;
  /// Runs a job in a transaction, wherever the database is at home. Returns when all that it wrote is kept.
  /// Throws when nothing is, or when it is not known: the job may still run later, and borrows nothing.
  using Run = std::function<void(Job)>;

  /// Statements that make its tables, if they are not there.
  [[nodiscard]] static std::vector<std::string> tables();

  explicit SqliteOutbox(Run run) : run_(std::move(run)) {}

  [[nodiscard]] Kept load() override;
  void commit(const Changes& changes) override;

 private:
  const Run run_;
};

}  // namespace switchgear::alert
