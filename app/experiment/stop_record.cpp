#include "app/experiment/stop_record.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <utility>

namespace switchgear::experiment {

std::string identity_of(const SplitSubject& subject) {
  return fmt::format("{}\n{}\n{}\n{}\n{}", subject.policy, subject.options.candidate, subject.options.share,
                     subject.options.header, subject.options.block.count());
}

std::vector<std::string> StopRecord::tables() {
  return {
      "CREATE TABLE IF NOT EXISTS stopped_splits(place INTEGER PRIMARY KEY AUTOINCREMENT, "
      "service TEXT NOT NULL UNIQUE, split TEXT NOT NULL, why INTEGER NOT NULL, at INTEGER NOT NULL)"};
}

std::future<void> StopRecord::put(const StoppedSplit& stopped) const {
  return run_([stopped](SQLite::Database& database) {
    SQLite::Statement put{
        database, "INSERT OR REPLACE INTO stopped_splits(service, split, why, at) VALUES(?, ?, ?, ?)"};
    put.bind(1, stopped.service);
    put.bind(2, stopped.split);
    put.bind(3, static_cast<int>(stopped.why));
    put.bind(4, static_cast<std::int64_t>(stopped.at.time_since_epoch().count()));
    put.exec();
  });
}

std::future<void> StopRecord::remove(const std::string& service) const {
  return run_([service](SQLite::Database& database) {
    SQLite::Statement remove{database, "DELETE FROM stopped_splits WHERE service = ?"};
    remove.bind(1, service);
    remove.exec();
  });
}

std::future<void> StopRecord::load(std::shared_ptr<std::vector<StoppedSplit>> into) const {
  return run_([into = std::move(into)](SQLite::Database& database) {
    SQLite::Statement select{database, "SELECT service, split, why, at FROM stopped_splits ORDER BY service"};
    while (select.executeStep()) {
      const bool harmful = select.getColumn(2).getInt() == static_cast<int>(Halt::harmful);
      into->push_back({select.getColumn(0).getString(), select.getColumn(1).getString(),
                       harmful ? Halt::harmful : Halt::by_operator,
                       WallAnchor::Wall{std::chrono::nanoseconds{select.getColumn(3).getInt64()}}});
    }
  });
}

}  // namespace switchgear::experiment
