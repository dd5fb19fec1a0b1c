#include "app/history/merge.hpp"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Exception.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "app/history/file.hpp"
#include "app/history/manual_history_fixture.hpp"
#include "app/history/tables.hpp"

namespace switchgear::history {
namespace {

using namespace std::chrono_literals;

const std::vector<std::string> letters{
    "CREATE TABLE IF NOT EXISTS letters(place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, "
    "body TEXT)"};

class HistoryMerge : public testing::Test {
 protected:
  static void write(Tables& to, std::chrono::seconds from, const std::string& circuit,
                    std::uint64_t successes) {
    to.write(Stretch{noon + from, 10s}, Samples{{circuit, sample_of(successes)}});
  }
  std::int64_t number(const std::string& query) { return file.database->execAndGet(query).getInt64(); }

  ManualClocks clocks;
  Folder folder;
  OpenedFile memory = open_file("", letters);
  OpenedFile file = open_file(folder.file(), letters);
  Tables kept{*memory.database, anchor_of(clocks.now)};
  Tables filed{*file.database, anchor_of(clocks.now)};
};

TEST_F(HistoryMerge, KnowsCircuitsByTheNumbersThatTheFileHas) {
  write(filed, -20s, "payment", 1);
  write(filed, -10s, "search", 2);
  write(kept, 0s, "search", 3);  // the first there, and the second in the file
  write(kept, 10s, "users", 4);
  kept.write(opening_of("search", clocks.now));
  add_kept(*memory.database, *file.database);
  const CircuitHistory search = filed.read("search", noon - 1h, noon + 1h);
  ASSERT_EQ(search.samples.size(), 2U);
  EXPECT_EQ(search.samples[0].successes, 2U);
  EXPECT_EQ(search.samples[1].successes, 3U);
  ASSERT_EQ(search.transitions.size(), 1U);
  EXPECT_EQ(search.transitions[0].to, State::open);
  EXPECT_EQ(filed.read("payment", noon - 1h, noon + 1h).samples.size(), 1U);
  EXPECT_EQ(filed.read("users", noon - 1h, noon + 1h).samples.size(), 1U);
}

TEST_F(HistoryMerge, ReplacesSamplesOfTheSameTime) {
  write(filed, 0s, "search", 2);
  write(kept, 0s, "search", 3);
  add_kept(*memory.database, *file.database);
  const auto samples = filed.read("search", noon - 1h, noon + 1h).samples;
  ASSERT_EQ(samples.size(), 1U);
  EXPECT_EQ(samples[0].successes, 3U);
}

TEST_F(HistoryMerge, KeepsTheRowsOfOthersTablesThatWereThereAndTheirOrder) {
  file.database->exec("INSERT INTO letters(id, body) VALUES('a', 'old'), ('b', 'old')");
  memory.database->exec("INSERT INTO letters(id, body) VALUES('c', 'new'), ('b', 'new')");
  add_kept(*memory.database, *file.database);
  EXPECT_EQ(number("SELECT count(*) FROM letters"), 3);
  EXPECT_EQ(number("SELECT count(*) FROM letters WHERE id = 'b' AND body = 'new'"), 1);
  EXPECT_EQ(number("SELECT place FROM letters WHERE id = 'a'"), 1);
}

TEST_F(HistoryMerge, LeavesTheFileAsItWasIfItFails) {
  write(kept, 0s, "search", 3);
  memory.database->exec("CREATE TABLE unknown(text TEXT)");
  EXPECT_THROW(add_kept(*memory.database, *file.database), SQLite::Exception);
  EXPECT_TRUE(filed.circuits().empty());
  memory.database->exec("DROP TABLE unknown");
  add_kept(*memory.database, *file.database);
  EXPECT_EQ(filed.circuits(), std::vector<std::string>{"search"});
}

}  // namespace
}  // namespace switchgear::history
