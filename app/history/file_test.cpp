#include "app/history/file.hpp"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Exception.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "app/history/manual_history_fixture.hpp"
#include "app/history/tables.hpp"

namespace switchgear::history {
namespace {

using namespace std::chrono_literals;

std::string content_of(const std::string& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// A file with samples, closed.
void fill(const std::string& file) {
  const OpenedFile opened = open_file(file, {});
  ASSERT_EQ(opened.problem, "");
  Tables tables{*opened.database, {}};
  Samples many;
  for (int i = 0; i < 500; ++i) many["circuit " + std::to_string(i)] = sample_of(1000);
  for (int i = 0; i < 20; ++i) tables.write(Stretch{noon + 10s * i, 10s}, many);
}

TEST(HistoryFile, IsOpenedAgainWithWhatItHad) {
  const Folder folder;
  fill(folder.file());
  const OpenedFile again = open_file(folder.file(), {});
  EXPECT_EQ(again.problem, "");
  EXPECT_EQ(again.moved_aside, "");
  EXPECT_EQ(Tables(*again.database, {}).recorded_until(), noon + 200s);
  EXPECT_EQ(again.database->execAndGet("PRAGMA application_id").getInt(), application_id);
}

TEST(HistoryFile, MakesTheTablesOfOthersWheneverItIsOpened) {
  const Folder folder;
  const std::vector<std::string> tables{"CREATE TABLE IF NOT EXISTS letters(id INTEGER PRIMARY KEY)"};
  { (void)open_file(folder.file(), {}); }
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(open_file(folder.file(), tables).database->tableExists("letters"));
  EXPECT_TRUE(open_file("", tables).database->tableExists("letters"));
}

TEST(HistoryFile, OfAnEarlierVersionKeepsWhatItHasAndGetsTheTableOfInstances) {
  const Folder folder;
  fill(folder.file());
  open_file(folder.file(), {}).database->exec("DROP TABLE instances");
  const OpenedFile opened = open_file(folder.file(), {});
  EXPECT_EQ(opened.problem, "");
  EXPECT_EQ(opened.moved_aside, "");
  Tables tables{*opened.database, {}};
  EXPECT_EQ(tables.recorded_until(), noon + 200s);
  tables.write(ejection_of("shop", {TimePoint{1h}, noon}));
  EXPECT_EQ(tables.instances("shop", noon, noon + 1s, 10).size(), 1U);
}

TEST(HistoryFile, ABrokenOneIsMovedAsideAndANewOneBegun) {
  const Folder folder;
  fill(folder.file());
  std::string broken = content_of(folder.file());
  ASSERT_GT(broken.size(), 40'000U);
  for (std::size_t at = 8192; at < broken.size(); ++at) broken[at] = static_cast<char>(broken[at] ^ 0x5A);
  std::ofstream{folder.file(), std::ios::binary} << broken;
  {
    const OpenedFile opened = open_file(folder.file(), {});
    EXPECT_EQ(opened.problem, "");
    EXPECT_EQ(opened.moved_aside, folder.file("history.db.corrupt"));
    EXPECT_EQ(Tables(*opened.database, {}).recorded_until(), std::nullopt);
  }
  EXPECT_EQ(content_of(folder.file("history.db.corrupt")), broken);
  std::ofstream{folder.file(), std::ios::binary} << broken.substr(0, 5000);
  EXPECT_EQ(open_file(folder.file(), {}).moved_aside, folder.file("history.db.corrupt")) << "in its place";
}

TEST(HistoryFile, SomebodyElsesIsLeftAsItIs) {
  const Folder folder;
  std::ofstream{folder.file()} << "version: 1\nservices: {}\n# not a database, and longer than a header\n";
  const std::string text = content_of(folder.file());
  EXPECT_EQ(open_file(folder.file(), {}).problem, "it is not a database");
  EXPECT_EQ(content_of(folder.file()), text);

  const std::string other = folder.file("other.db");
  {
    SQLite::Database database{other, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
    database.exec("CREATE TABLE bookmarks(url TEXT)");
  }
  const std::string bookmarks = content_of(other);
  EXPECT_EQ(open_file(other, {}).problem, "it is the database of another program");
  EXPECT_EQ(content_of(other), bookmarks);
}

TEST(HistoryFile, OfALaterVersionIsLeftAsItIs) {
  const Folder folder;
  fill(folder.file());
  {
    SQLite::Database database{folder.file(), SQLite::OPEN_READWRITE};
    database.exec("PRAGMA user_version = 7");
  }
  const OpenedFile opened = open_file(folder.file(), {});
  EXPECT_EQ(opened.problem,
            "a later version of switchgear wrote it (its schema is 7, the latest known here 1)");
  EXPECT_EQ(opened.moved_aside, "");
  EXPECT_TRUE(opened.database->tableExists("samples")) << "in memory";
}

TEST(HistoryFile, WithOtherTablesIsLeftAsItIs) {
  const Folder folder;
  fill(folder.file());
  {
    SQLite::Database database{folder.file(), SQLite::OPEN_READWRITE};
    database.exec("ALTER TABLE transitions RENAME COLUMN rule TO ruling");
  }
  const OpenedFile opened = open_file(folder.file(), {});
  EXPECT_EQ(opened.problem, "its table or index transitions is not that of a history");
  EXPECT_TRUE(opened.database->tableExists("samples")) << "in memory";
}

TEST(HistoryFile, ThatAnotherProcessHasOpenIsLeftToIt) {
  const Folder folder;
  const OpenedFile first = open_file(folder.file(), {});
  const OpenedFile second = open_file(folder.file(), {});
  EXPECT_EQ(second.problem, "another process uses it");
  first.database->exec("INSERT INTO circuits VALUES(1, 'payment', 0)");
  EXPECT_EQ(second.database->execAndGet("SELECT count(*) FROM circuits").getInt(), 0);
}

TEST(HistoryFile, ThatCannotBeMadeIsSaidToBeSo) {
  const Folder folder;
  EXPECT_EQ(open_file(folder.file("missing/history.db"), {}).problem, "unable to open database file");
  EXPECT_NE(open_file(folder.path().string(), {}).problem, "") << "a folder";
}

TEST(HistoryFile, OfAProcessThatWasKilledWhileItMadeTheFileIsFinished) {
  const Folder folder;
  { const std::ofstream empty{folder.file()}; }
  EXPECT_EQ(open_file(folder.file(), {}).problem, "");
}

}  // namespace
}  // namespace switchgear::history
