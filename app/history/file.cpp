#include "app/history/file.hpp"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Transaction.h>
#include <sqlite3.h>

#include <array>
#include <filesystem>
#include <system_error>
#include <utility>

namespace switchgear::history {

namespace {

// Times are Unix time: `at` of stretches and samples in seconds, of all others in nanoseconds. A sample
// belongs to the stretch that begins with it. States, rules, failure types and results are the numbers of
// their enumerations. `counts`: sample_numbers.hpp. `seen`: the hour in which the circuit was seen last.
constexpr const char* schema = R"sql(
CREATE TABLE circuits(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, seen INTEGER NOT NULL);
CREATE TABLE stretches(at INTEGER PRIMARY KEY, length INTEGER NOT NULL);
CREATE TABLE samples(at INTEGER NOT NULL, circuit INTEGER NOT NULL, counts BLOB NOT NULL,
                     PRIMARY KEY(at, circuit)) WITHOUT ROWID;
CREATE TABLE transitions(
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, circuit INTEGER NOT NULL, generation INTEGER NOT NULL,
  from_state INTEGER NOT NULL, to_state INTEGER NOT NULL, rule INTEGER NOT NULL, value REAL NOT NULL,
  threshold REAL NOT NULL, calls INTEGER NOT NULL, failures INTEGER NOT NULL, slow INTEGER NOT NULL,
  high INTEGER NOT NULL, consecutive_failures INTEGER NOT NULL, failure_balance INTEGER NOT NULL,
  last_failure INTEGER, last_failure_at INTEGER);
CREATE INDEX transitions_of_circuit ON transitions(circuit, at);
CREATE INDEX transitions_by_time ON transitions(at);
CREATE TABLE commands(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, command TEXT NOT NULL, circuit TEXT NOT NULL,
                      client TEXT NOT NULL, result INTEGER NOT NULL);
CREATE INDEX commands_by_time ON commands(at);
)sql";

// Tables that files of earlier versions do not have; made when such a file is opened.
constexpr const char* later_schema = R"sql(
CREATE TABLE IF NOT EXISTS instances(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, service TEXT NOT NULL,
                                     instance TEXT NOT NULL, what TEXT NOT NULL, text TEXT NOT NULL,
                                     weight INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS instances_of_service ON instances(service, at);
CREATE INDEX IF NOT EXISTS instances_by_time ON instances(at);
CREATE TABLE IF NOT EXISTS levels(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, breaker TEXT NOT NULL,
                                  from_level INTEGER NOT NULL, to_level INTEGER NOT NULL,
                                  cause INTEGER NOT NULL, calls INTEGER NOT NULL, failed INTEGER NOT NULL,
                                  escalate_above REAL NOT NULL, calm INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS levels_of_breaker ON levels(breaker, at);
CREATE INDEX IF NOT EXISTS levels_by_time ON levels(at);
)sql";

/// Another one's file; the text says whose.
struct NotOurs {
  std::string why;
};

[[nodiscard]] int number(SQLite::Database& database, const char* query) {
  return database.execAndGet(query).getInt();
}

void make_tables(SQLite::Database& database, const std::vector<std::string>& tables) {
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  if (number(database, "PRAGMA application_id") == 0) {
    database.exec(schema);
    database.exec("PRAGMA application_id = " + std::to_string(application_id));
    database.exec("PRAGMA user_version = " + std::to_string(schema_version));
  }
  database.exec(later_schema);
  for (const std::string& table : tables) database.exec(table);
  transaction.commit();
}

[[nodiscard]] std::unique_ptr<SQLite::Database> in_memory(const std::vector<std::string>& tables) {
  auto database =
      std::make_unique<SQLite::Database>(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  make_tables(*database, tables);
  return database;
}

/// SQLite keeps each statement as it was given. Throws NotOurs.
void check_tables(SQLite::Database& database) {
  SQLite::Database fresh{":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
  fresh.exec(schema);
  fresh.exec(later_schema);
  SQLite::Statement expected{fresh, "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"};
  SQLite::Statement found{database, "SELECT sql FROM sqlite_master WHERE name = ?"};
  while (expected.executeStep()) {
    found.reset();
    found.bind(1, expected.getColumn(0).getString());
    if (!found.executeStep() || found.getColumn(0).getString() != expected.getColumn(1).getString())
      throw NotOurs{"its table or index " + expected.getColumn(0).getString() + " is not that of a history"};
  }
}

/// Throws SQLite::Exception or NotOurs.
[[nodiscard]] std::unique_ptr<SQLite::Database> opened(const std::string& path,
                                                       const std::vector<std::string>& tables,
                                                       std::chrono::milliseconds wait_for_lock) {
  auto made = std::make_unique<SQLite::Database>(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE,
                                                 static_cast<int>(wait_for_lock.count()));
  SQLite::Database& database = *made;
  sqlite3_extended_result_codes(database.getHandle(), 1);
  // Locked by this connection alone: without shared memory, and without the races of two connections.
  database.exec("PRAGMA locking_mode = EXCLUSIVE");
  const int application = number(database, "PRAGMA application_id");
  const int version = number(database, "PRAGMA user_version");
  const bool is_new =
      application == 0 && version == 0 && number(database, "SELECT count(*) FROM sqlite_master") == 0;
  if (!is_new && application != application_id) throw NotOurs{"it is the database of another program"};
  if (version > schema_version) {
    throw NotOurs{"a later version of switchgear wrote it (its schema is " + std::to_string(version) +
                  ", the latest known here " + std::to_string(schema_version) + ")"};
  }
  if (is_new) database.exec("PRAGMA auto_vacuum = INCREMENTAL");
  database.exec("PRAGMA journal_mode = WAL");
  database.exec(
      "PRAGMA synchronous = NORMAL");  // a lost machine may lose the last seconds, a lost process nothing
  database.exec("PRAGMA wal_autocheckpoint = 256");
  database.exec("PRAGMA journal_size_limit = 1048576");
  if (!is_new && database.execAndGet("PRAGMA quick_check(1)").getString() != "ok")
    throw SQLite::Exception("quick_check", SQLITE_CORRUPT);
  make_tables(database, tables);
  check_tables(database);
  return made;
}

/// Empty when the file could not be moved.
[[nodiscard]] std::string move_aside(const std::string& path) {
  std::string aside = path + ".corrupt";
  std::error_code failed;
  for (const char* part : {"-wal", "-shm"}) {
    std::filesystem::remove(aside + part, failed);
    std::filesystem::rename(path + part, aside + part, failed);  // most of the time there is none
  }
  std::filesystem::rename(path, aside, failed);
  return failed ? std::string{} : aside;
}

/// SQLite's words for a broken file also mean one that was never a database.
[[nodiscard]] bool begins_as_database(const std::string& path) {
  std::array<char, 16> begin{};
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return false;
  const std::size_t got = std::fread(begin.data(), 1, begin.size(), file);
  std::fclose(file);
  return std::string_view{begin.data(), got} == std::string_view{"SQLite format 3\0", 16};
}

[[nodiscard]] std::string why(const std::string& path, const SQLite::Exception& error) {
  const int code = error.getErrorCode() & 0xFF;
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED) return "another process uses it";
  if (says_broken(error) && !begins_as_database(path)) return "it is not a database";
  return error.what();
}

}  // namespace

bool says_broken(const SQLite::Exception& error) noexcept {
  const int code = error.getErrorCode() & 0xFF;
  return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

OpenedFile open_file(const std::string& path, const std::vector<std::string>& tables,
                     std::chrono::milliseconds wait_for_lock) {
  OpenedFile result;
  if (path.empty()) {
    result.database = in_memory(tables);
    return result;
  }
  try {
    try {
      result.database = opened(path, tables, wait_for_lock);
    } catch (const SQLite::Exception& error) {
      if (!says_broken(error) || !begins_as_database(path)) throw;
      result.moved_aside = move_aside(path);
      if (result.moved_aside.empty()) throw;
      result.database = opened(path, tables, wait_for_lock);
    }
  } catch (const NotOurs& other) {
    result.problem = other.why;
  } catch (const SQLite::Exception& error) {
    result.problem = why(path, error);
  }
  if (!result.database) result.database = in_memory(tables);
  return result;
}

}  // namespace switchgear::history
