#include "app/alert/outbox/sqlite_outbox.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <memory>
#include <optional>
#include <string_view>

#include "app/alert/incident/records.hpp"

namespace switchgear::alert {

namespace {

constexpr std::string_view of_incidents = "alert_incidents";
constexpr std::string_view of_silences = "alert_silences";
constexpr std::string_view of_messages = "alert_messages";

[[nodiscard]] std::string statement(std::string_view before, std::string_view table, std::string_view after) {
  return std::string{before}.append(" ").append(table).append(" ").append(after);
}

class Writer {
 public:
  explicit Writer(SQLite::Database& database) : database_(database) {}

  template <class Record>
  void put(std::string_view table, const Record& record) {
    // A row that is written again keeps its place in the order.
    SQLite::Statement insert{
        database_, statement("INSERT INTO", table,
                             "(id, body) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET body = ?2")};
    insert.bind(1, record.id);
    insert.bind(2, to_text(record));
    insert.exec();
  }
  void remove(std::string_view table, const std::string& id) {
    SQLite::Statement remove{database_, statement("DELETE FROM", table, "WHERE id = ?")};
    remove.bind(1, id);
    remove.exec();
  }

 private:
  SQLite::Database& database_;
};

/// A row that cannot be read was written by another version, or is damaged: it is passed over.
template <class Record>
[[nodiscard]] std::vector<Record> all(SQLite::Database& database, std::string_view table,
                                      std::optional<Record> (*read)(std::string_view)) {
  std::vector<Record> records;
  SQLite::Statement select{database, statement("SELECT body FROM", table, "ORDER BY place")};
  while (select.executeStep()) {
    if (auto record = read(select.getColumn(0).getString())) records.push_back(*std::move(record));
  }
  return records;
}

}  // namespace

std::vector<std::string> SqliteOutbox::tables() {
  std::vector<std::string> tables;
  for (const std::string_view table : {of_incidents, of_silences, of_messages}) {
    tables.push_back(
        statement("CREATE TABLE IF NOT EXISTS", table,
                  "(place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, body TEXT NOT "
                  "NULL)"));
  }
  return tables;
}

OutboxStore::Kept SqliteOutbox::load() {
  const auto kept = std::make_shared<Kept>();
  run_([kept](SQLite::Database& database) {
    kept->incidents = all(database, of_incidents, read_incident);
    kept->silences = all(database, of_silences, read_silence);
    kept->messages = all(database, of_messages, read_message);
  });
  return std::move(*kept);
}

void SqliteOutbox::commit(const Changes& changes) {
  run_([changes](SQLite::Database& database) {
    Writer writer{database};
    for (const Incident& incident : changes.put) writer.put(of_incidents, incident);
    for (const std::string& id : changes.removed) writer.remove(of_incidents, id);
    for (const Silence& silence : changes.silences) writer.put(of_silences, silence);
    for (const std::string& id : changes.ended_silences) writer.remove(of_silences, id);
    for (const Message& message : changes.messages) {
      if (message.telling != Telling::refresh) writer.put(of_messages, message);
    }
    for (const std::string& id : changes.finished) writer.remove(of_messages, id);
  });
}

}  // namespace switchgear::alert
