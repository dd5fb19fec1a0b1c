// Which splits were stopped, kept beyond the process: a candidate that did harm must not begin again because
// the gateway was started again.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "app/experiment/split_watch.hpp"
#include "switchgear/core/time.hpp"

namespace SQLite {
class Database;
}

namespace switchgear::experiment {

struct StoppedSplit {
  std::string service;
  std::string split;  ///< what it divides, and how: identity_of()
  Halt why = Halt::by_operator;
  WallAnchor::Wall at{};
};

/// A split as it is known after a restart: by its service, its policies' names, its share and its blocks. Not
/// by the options of the policies.
[[nodiscard]] std::string identity_of(const SplitSubject& subject);

/// In a database that others have opened. Threads: any.
class StopRecord {
 public:
  /// Runs a job in a transaction, later; the future tells how it ended.
  using Run = std::function<std::future<void>(std::function<void(SQLite::Database&)>)>;

  explicit StopRecord(Run run) : run_(std::move(run)) {}

  /// Statements that make what it needs, each `CREATE … IF NOT EXISTS`.
  [[nodiscard]] static std::vector<std::string> tables();

  [[nodiscard]] std::future<void> put(const StoppedSplit& stopped) const;
  [[nodiscard]] std::future<void> remove(const std::string& service) const;
  /// `into` is complete when the future is ready.
  [[nodiscard]] std::future<void> load(std::shared_ptr<std::vector<StoppedSplit>> into) const;

 private:
  const Run run_;
};

}  // namespace switchgear::experiment
