#include "app/history/merge.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>
#include <sqlite3.h>

#include <string>
#include <utility>
#include <vector>

namespace switchgear::history {

namespace {

constexpr const char* schema_of_kept = "kept";

/// What is in memory as a further schema of the file's connection, for as long as this lives.
class Attached {
 public:
  Attached(SQLite::Database& kept, SQLite::Database& file) : file_(file) {
    file_.exec(std::string{"ATTACH ':memory:' AS "} + schema_of_kept);
    sqlite3_int64 size = 0;
    unsigned char* const bytes = sqlite3_serialize(kept.getHandle(), "main", &size, 0);
    const int code = bytes == nullptr ? SQLITE_NOMEM
                                      : sqlite3_deserialize(file_.getHandle(), schema_of_kept, bytes, size,
                                                            size, SQLITE_DESERIALIZE_FREEONCLOSE);
    if (code == SQLITE_OK) return;
    detach();
    throw SQLite::Exception("what is in memory cannot be read", code);
  }
  Attached(const Attached&) = delete;
  Attached& operator=(const Attached&) = delete;
  ~Attached() { detach(); }

 private:
  void detach() noexcept { (void)file_.tryExec(std::string{"DETACH "} + schema_of_kept); }

  SQLite::Database& file_;
};

[[nodiscard]] std::vector<std::string> texts(SQLite::Database& database, const std::string& query) {
  std::vector<std::string> found;
  SQLite::Statement select{database, query};
  while (select.executeStep()) found.push_back(select.getColumn(0).getString());
  return found;
}

/// Names within quotes, as SQL has them.
[[nodiscard]] std::string quoted(const std::string& name) {
  std::string text = "\"";
  for (const char each : name) text += each == '"' ? std::string{"\"\""} : std::string{each};
  return text + "\"";
}

/// Without the key of its rows, which is another one in the file. Circuits are known by other numbers there.
void add_table(SQLite::Database& file, const std::string& table) {
  const std::string has = "SELECT name FROM pragma_table_info('" + table + "', '" + schema_of_kept + "')";
  const bool is_keyed = texts(file, has + " WHERE pk != 0").size() == 1;
  std::string names;
  std::string values;
  for (const std::string& column : texts(file, is_keyed ? has + " WHERE pk = 0" : has)) {
    const std::string separator = names.empty() ? "" : ", ";
    const std::string name = quoted(column);
    names += separator + name;
    values += separator;
    const bool is_circuit = column == "circuit" && (table == "transitions" || table == "samples");
    values += is_circuit
                  ? "(SELECT id FROM main.circuits WHERE name = (SELECT name FROM kept.circuits WHERE id "
                    "= circuit))"
                  : name;
  }
  file.exec("INSERT OR REPLACE INTO main." + quoted(table) + "(" + names + ") SELECT " + values + " FROM " +
            schema_of_kept + "." + quoted(table));
}

}  // namespace

void add_kept(SQLite::Database& kept, SQLite::Database& file) {
  const Attached attached{kept, file};  // not as read-only: the transaction begins to write to both
  SQLite::Transaction transaction(file, SQLite::TransactionBehavior::IMMEDIATE);
  file.exec(
      "INSERT INTO main.circuits(name, seen) SELECT name, seen FROM kept.circuits WHERE true "
      "ON CONFLICT(name) DO UPDATE SET seen = max(seen, excluded.seen)");
  file.exec("INSERT OR REPLACE INTO main.stretches(at, length) SELECT at, length FROM kept.stretches");
  for (const std::string& table :
       texts(file,
             "SELECT name FROM kept.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
             "AND name NOT IN ('circuits', 'stretches')"))
    add_table(file, table);
  transaction.commit();
}

}  // namespace switchgear::history
