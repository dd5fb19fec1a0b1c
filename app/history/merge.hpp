// Brings a history that was kept in memory into its file.
#pragma once

namespace SQLite {
class Database;
}

namespace switchgear::history {

/// Adds all that `kept` has to `file`, in one transaction. Samples of the same time and circuit are replaced,
/// and so are rows of further tables that have the same unique values. Both have the tables of a history.
/// Throws SQLite::Exception; then `file` is as it was.
void add_kept(SQLite::Database& kept, SQLite::Database& file);

}  // namespace switchgear::history
