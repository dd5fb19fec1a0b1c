// Opening the file of a history: ours, another program's, broken, or one that cannot be opened.
#pragma once

#include <SQLiteCpp/Database.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace switchgear::history {

/// What a history file says about itself (PRAGMA application_id): "SWGH".
inline constexpr int application_id = 0x53574748;
/// PRAGMA user_version. A file with a later one is left alone.
inline constexpr int schema_version = 1;

struct OpenedFile {
  std::unique_ptr<SQLite::Database> database;  ///< never null: in memory if the file cannot be opened
  std::string problem;                         ///< why it is in memory, though a file was asked for
  std::string moved_aside;                     ///< where a broken file has gone
};

/// Opens `path`, or a new file there. Empty: in memory. `tables`: statements that make further tables, each
/// `CREATE … IF NOT EXISTS`.
///
/// - A file that is not a history, that a later version wrote, that another process uses or that cannot be
///   opened is left as it is, and the history is kept in memory.
/// - A broken one is renamed to `path.corrupt`, in place of an earlier one, and a new one begun.
///
/// The file is locked for as long as it is open, so that no second process writes to it; another process's
/// lock is waited for. Throws SQLite::Exception only if the history cannot be made in memory either.
[[nodiscard]] OpenedFile open_file(const std::string& path, const std::vector<std::string>& tables,
                                   std::chrono::milliseconds wait_for_lock = std::chrono::seconds{2});

/// Whether SQLite found that the file is broken.
[[nodiscard]] bool says_broken(const SQLite::Exception& error) noexcept;

}  // namespace switchgear::history
